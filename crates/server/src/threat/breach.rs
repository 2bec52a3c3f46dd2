//! Lists of passwords known from breaches: a small one that is built in, and a large one in a file that an operator makes.
//!
//! The file is a binary fuse filter over the first 64 bits of each password's SHA-1, which is what lists of breached
//! passwords are published as. It holds every listed password and wrongly one other in 65,536.
//!
//! Format, version 1, little-endian: `COGBREAC`, version (u32), keys (u64), the filter's seed (u64), segment length, mask
//! and count (u32 each), fingerprints (u64 count, u16 each), and the SHA-256 of all that comes before.

use std::collections::HashSet;
use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use aws_lc_rs::digest::{self, Context as Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use xorf::{BinaryFuse16, Descriptor, Filter as _};

const MAGIC: &[u8; 8] = b"COGBREAC";
const VERSION: u32 = 1;
const HEADER_LEN: usize = 8 + 4 + 8 + 8 + 4 + 4 + 4 + 8;
const CHECKSUM_LEN: usize = 32;

/// Bytes of the longest line of a source: a hash and whatever count.
const LINE_AT_MOST: u64 = 1024;

/// What some editors begin a UTF-8 text with.
const BOM: &[u8] = "\u{feff}".as_bytes();

/// Passwords that are tried first everywhere, one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// Why a list cannot be made or used, in words for an operator.
#[derive(Debug)]
pub struct BreachError(String);

impl fmt::Display for BreachError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BreachError {}

fn wrong(path: &Path, what: impl fmt::Display) -> BreachError {
    BreachError(format!("{}: {what}", path.display()))
}

/// The lists that passwords are looked up in.
#[derive(Debug)]
pub struct BreachLists {
    common: HashSet<&'static str>,
    listed: Option<BreachList>,
}

impl BreachLists {
    /// The built-in list, and that of a file.
    pub fn load(path: Option<&Path>) -> Result<Self, BreachError> {
        let common = COMMON.lines().filter(|line| !line.is_empty()).collect();
        Ok(Self { common, listed: path.map(BreachList::open).transpose()? })
    }

    /// Whether the password is on a list. Of the built-in one, spelling in capitals makes no difference.
    pub fn contain(&self, password: &str) -> bool {
        self.common.contains(password.to_lowercase().as_str())
            || self.listed.as_ref().is_some_and(|listed| listed.contains(password))
    }
}

/// A list in a file, read into memory.
pub struct BreachList {
    filter: BinaryFuse16,
    keys: u64,
}

impl fmt::Debug for BreachList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachList").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl BreachList {
    /// Reads a file that [`build`] made.
    ///
    /// # Errors
    /// It cannot be read, is none, is of a version this server does not know, or is damaged.
    pub fn open(path: &Path) -> Result<Self, BreachError> {
        let file = std::fs::File::open(path).map_err(|error| wrong(path, error))?;
        let length = file.metadata().map_err(|error| wrong(path, error))?.len();
        let mut reader = Summed { inner: BufReader::new(file), sum: Digest::new(&SHA256) };
        let mut header = [0; HEADER_LEN];
        // Whatever is too short is none either.
        if reader.fill(&mut header).is_err() || &header[..8] != MAGIC {
            return Err(wrong(path, "is no breach list; make one with: cognate breach-list build"));
        }
        let u32_at = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let u64_at = |at: usize| u64::from(u32_at(at)) | u64::from(u32_at(at + 4)) << 32;
        if u32_at(8) != VERSION {
            return Err(wrong(path, format!("is a breach list of version {}, this server reads {VERSION}", u32_at(8))));
        }
        let descriptor = Descriptor {
            seed: u64_at(20),
            segment_length: u32_at(28),
            segment_length_mask: u32_at(32),
            segment_count_length: u32_at(36),
        };
        let count = u64_at(40);
        let damaged = || wrong(path, "is damaged; make it anew");
        let expected = count.checked_mul(2).and_then(|bytes| bytes.checked_add((HEADER_LEN + CHECKSUM_LEN) as u64));
        if expected != Some(length) {
            return Err(damaged());
        }
        // A lookup reads at most two segments beyond the last one that a key begins in.
        let reach = u64::from(descriptor.segment_count_length) + 2 * u64::from(descriptor.segment_length);
        let consistent = descriptor.segment_length.is_power_of_two()
            && descriptor.segment_length_mask == descriptor.segment_length - 1
            && reach <= count;
        let count = usize::try_from(count).map_err(|_| damaged())?;
        let mut fingerprints = vec![0_u16; count];
        let mut chunk = [0; 16_384];
        for part in fingerprints.chunks_mut(chunk.len() / 2) {
            let bytes = &mut chunk[..part.len() * 2];
            reader.fill(bytes).map_err(|error| wrong(path, error))?;
            for (fingerprint, pair) in part.iter_mut().zip(bytes.chunks_exact(2)) {
                *fingerprint = u16::from_le_bytes([pair[0], pair[1]]);
            }
        }
        let mut checksum = [0; CHECKSUM_LEN];
        reader.inner.read_exact(&mut checksum).map_err(|error| wrong(path, error))?;
        if reader.sum.finish().as_ref() != checksum || !consistent {
            return Err(damaged());
        }
        let filter = BinaryFuse16 { descriptor, fingerprints: fingerprints.into_boxed_slice() };
        Ok(Self { filter, keys: u64_at(12) })
    }

    /// Whether the password is listed.
    pub fn contains(&self, password: impl AsRef<[u8]>) -> bool {
        self.filter.contains(&key(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_ref()).as_ref()))
    }

    /// How many passwords it was made of.
    pub fn keys(&self) -> u64 {
        self.keys
    }
}

/// What a list was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Built {
    /// Passwords in the list, each counted once.
    pub passwords: usize,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// Makes a list from a file, `-` for standard input, with a SHA-1 in hexadecimal a line, each followed by `:` and a count
/// or by nothing. `progress` is told the lines read, now and then. The list appears whole or not at all.
///
/// It takes about 12 bytes of memory a password at its height.
///
/// # Errors
/// A file cannot be read or written, they are the same, a line is no SHA-1, or there is no line at all.
pub fn build(source: &Path, out: &Path, mut progress: impl FnMut(usize)) -> Result<Built, BreachError> {
    let beside = out.with_extension("part");
    let mut reader: Box<dyn BufRead> = if source == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(source).map_err(|error| wrong(source, error))?;
        let read = file.metadata().map_err(|error| wrong(source, error))?;
        for written in [out, beside.as_path()] {
            if std::fs::metadata(written).is_ok_and(|file| (file.dev(), file.ino()) == (read.dev(), read.ino())) {
                return Err(wrong(source, "would be written over; choose another output"));
            }
        }
        Box::new(BufReader::with_capacity(1 << 20, file))
    };
    let mut keys = Vec::new();
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        // A file that is no text may have no lines either.
        let mut part = reader.by_ref().take(LINE_AT_MOST);
        if part.read_until(b'\n', &mut line).map_err(|error| wrong(source, error))? == 0 {
            break;
        }
        let text = if number == 1 { line.strip_prefix(BOM).unwrap_or(&line) } else { &line };
        if text.trim_ascii().is_empty() {
            continue;
        }
        let hash = text.split(|byte| *byte == b':').next().unwrap_or_default().trim_ascii();
        let key = key_of_hex(hash).ok_or_else(|| wrong(source, format!("line {number} is no SHA-1 in hexadecimal")))?;
        keys.push(key);
        if keys.len() % 1_000_000 == 0 {
            progress(keys.len());
        }
    }
    keys.sort_unstable();
    keys.dedup();
    if keys.is_empty() {
        return Err(wrong(source, "holds no password"));
    }
    progress(keys.len());
    let passwords = keys.len();
    let filter = BinaryFuse16::try_from(&keys).map_err(|error| wrong(source, error))?;
    drop(keys);
    let bytes = write(&beside, &filter, passwords as u64).map_err(|error| wrong(&beside, error))?;
    std::fs::rename(&beside, out).map_err(|error| wrong(out, error))?;
    Ok(Built { passwords, bytes })
}

fn write(path: &Path, filter: &BinaryFuse16, keys: u64) -> std::io::Result<u64> {
    let mut file = std::io::BufWriter::with_capacity(1 << 20, std::fs::File::create(path)?);
    let mut sum = Digest::new(&SHA256);
    let mut bytes = 0;
    let mut put = |part: &[u8]| {
        sum.update(part);
        bytes += part.len() as u64;
        file.write_all(part)
    };
    let Descriptor { seed, segment_length, segment_length_mask, segment_count_length } = filter.descriptor;
    put(MAGIC)?;
    put(&VERSION.to_le_bytes())?;
    put(&keys.to_le_bytes())?;
    put(&seed.to_le_bytes())?;
    for part in [segment_length, segment_length_mask, segment_count_length] {
        put(&part.to_le_bytes())?;
    }
    put(&(filter.fingerprints.len() as u64).to_le_bytes())?;
    for part in filter.fingerprints.chunks(32_768) {
        put(&part.iter().flat_map(|fingerprint| fingerprint.to_le_bytes()).collect::<Vec<u8>>())?;
    }
    file.write_all(sum.finish().as_ref())?;
    file.into_inner()?.sync_all()?;
    Ok(bytes + CHECKSUM_LEN as u64)
}

/// A reader that sums what it reads.
struct Summed<R> {
    inner: R,
    sum: Digest,
}

impl<R: Read> Summed<R> {
    fn fill(&mut self, bytes: &mut [u8]) -> std::io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.sum.update(bytes);
        Ok(())
    }
}

/// The key of a hash: its first 64 bits.
fn key(sha1: &[u8]) -> u64 {
    sha1.iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

/// The same of a hash in hexadecimal.
fn key_of_hex(sha1: &[u8]) -> Option<u64> {
    let is_sha1 = sha1.len() == 40 && sha1.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(sha1).ok().filter(|_| is_sha1)?;
    u64::from_str_radix(&text[..16], 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use cognate_crypto::hex;

    fn sha1(password: &str) -> String {
        hex::encode(digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes()).as_ref()).to_uppercase()
    }

    #[test]
    fn the_built_in_list_is_what_it_says() {
        let lines: Vec<&str> = COMMON.lines().collect();
        let lists = BreachLists::load(None).unwrap();
        assert!(lists.common.len() >= 1000, "{}", lists.common.len());
        assert_eq!(lists.common.len(), lines.len(), "none stands twice");
        assert!(lines.iter().all(|line| line.chars().count() >= 6 && **line == line.to_lowercase()));
        assert!(lists.contain("Password1!") && lists.contain("QWERTY123") && !lists.contain("Correct-Horse-7"));
    }

    #[test]
    fn a_list_holds_what_it_was_made_of() {
        let directory = tempfile::tempdir().unwrap();
        let (source, out) = (directory.path().join("hashes.txt"), directory.path().join("list.breach"));
        let lines: Vec<String> = (0..5000).map(|n| format!("{}:{n}", sha1(&format!("Secret-{n}")))).collect();
        std::fs::write(&source, format!("{}\n{}\r\n\n{}", lines.join("\n"), lines[0], sha1("bare").to_lowercase()))
            .unwrap();
        let built = build(&source, &out, |_| {}).unwrap();
        assert_eq!((built.passwords, built.bytes), (5001, std::fs::metadata(&out).unwrap().len()));
        let list = BreachList::open(&out).unwrap();
        assert_eq!(list.keys(), 5001);
        assert!((0..5000).all(|n| list.contains(format!("Secret-{n}"))) && list.contains("bare"));
        let wrongly = (0..20_000).filter(|n| list.contains(format!("Other-{n}"))).count();
        assert!(wrongly < 10, "{wrongly}");
    }

    #[test]
    fn damage_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let (source, out) = (directory.path().join("hashes.txt"), directory.path().join("list.breach"));
        std::fs::write(&source, "not a hash\n").unwrap();
        assert!(build(&source, &out, |_| {}).unwrap_err().to_string().contains("line 1 is no SHA-1"));
        std::fs::write(&source, "").unwrap();
        assert!(build(&source, &out, |_| {}).unwrap_err().to_string().contains("holds no password"));
        std::fs::write(&source, sha1("one")).unwrap();
        build(&source, &out, |_| {}).unwrap();
        let good = std::fs::read(&out).unwrap();
        let opens = |bytes: &[u8]| {
            std::fs::write(&out, bytes).unwrap();
            BreachList::open(&out)
        };
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(opens(&bad).is_err(), "byte {at}");
        }
        for length in [0, 7, 48, good.len() - 1] {
            assert!(opens(&good[..length]).is_err(), "{length} bytes");
        }
        assert!(opens(&good).is_ok());
    }
}
