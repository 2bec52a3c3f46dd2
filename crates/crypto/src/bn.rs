//! Arithmetic modulo the 3072-bit prime of RFC 3526, over aws-lc's big numbers: the one module with `unsafe`.
//!
//! What keeps it sound, block by block:
//!
//! - a pointer to a C object lives in an owner ([`Number`], [`Scratch`], [`Montgomery`]) that is made from a non-null
//!   pointer only and frees it once, on drop; no owner is `Copy` or `Clone`;
//! - every number handed to a modular function is below the modulus, which [`Residue`] guarantees by construction;
//! - buffers are handed over with the length of the slice they come from;
//! - the shared objects (modulus, Montgomery context) are written before they are published and only read after.
//!
//! A C function that reports failure here has run out of memory; as elsewhere in Rust, that is a panic, not an error.
//! aws-lc overwrites memory with zeros when it frees it, so intermediate values do not outlive a call.

use std::ptr::NonNull;
use std::sync::LazyLock;

use aws_lc_sys as sys;
use zeroize::Zeroizing;

/// Bytes of a residue: 3072 bits.
pub(crate) const LEN: usize = 384;

const WORDS: usize = LEN / 8;
/// Bits a window of the fixed-base table; five cost 624 KiB, each further bit twice as much for a sixth fewer products.
const WINDOW: usize = 5;
const ROW: usize = 1 << WINDOW;
/// Windows that cover a 256-bit exponent.
const ROWS: usize = 256usize.div_ceil(WINDOW);

/// An integer in `0..N`.
pub(crate) struct Residue(Number);

impl Residue {
    /// Reads a big-endian integer of any length; `None` unless it is below the modulus.
    pub(crate) fn from_be(bytes: &[u8]) -> Option<Self> {
        let leading = bytes.iter().take_while(|byte| **byte == 0).count();
        let significant = &bytes[leading..];
        if significant.len() > LEN {
            return None;
        }
        // Full width always: the constant-time routines take their operands' width as public.
        let mut padded = Zeroizing::new([0u8; LEN]);
        padded[LEN - significant.len()..].copy_from_slice(significant);
        if *padded >= GROUP.modulus_be {
            return None;
        }
        let number = Number::new();
        // SAFETY: `padded` is LEN readable bytes; `number` is a live BIGNUM owned here.
        let read = unsafe { sys::BN_bin2bn(padded.as_ptr(), LEN, number.ptr()) };
        assert!(!read.is_null(), "aws-lc is out of memory");
        Some(Self(number))
    }

    /// The 384 big-endian bytes.
    pub(crate) fn to_be(&self) -> Zeroizing<[u8; LEN]> {
        let mut out = Zeroizing::new([0u8; LEN]);
        // SAFETY: `out` is LEN writable bytes and the number, below the modulus, fits in them.
        done(unsafe { sys::BN_bn2bin_padded(out.as_mut_ptr(), LEN, self.0.ptr()) });
        out
    }

    /// `self + other mod N`, in constant time.
    pub(crate) fn add(&self, other: &Self) -> Self {
        let sum = Number::new();
        // SAFETY: all four are live; both operands are below the modulus, as this function requires.
        done(unsafe { sys::BN_mod_add_quick(sum.ptr(), self.0.ptr(), other.0.ptr(), GROUP.modulus.ptr()) });
        Self(sum)
    }

    /// `self - other mod N`, in constant time.
    pub(crate) fn sub(&self, other: &Self) -> Self {
        let difference = Number::new();
        // SAFETY: as in `add`.
        done(unsafe { sys::BN_mod_sub_quick(difference.ptr(), self.0.ptr(), other.0.ptr(), GROUP.modulus.ptr()) });
        Self(difference)
    }

    /// `self * other mod N`, in constant time.
    pub(crate) fn mul(&self, other: &Self) -> Self {
        let scratch = Scratch::new();
        // One factor in Montgomery form makes the Montgomery product the plain one.
        Self(GROUP.montgomery.product(&GROUP.montgomery.enter(&self.0, &scratch), &other.0, &scratch))
    }

    /// `self ^ exponent mod N` for a secret exponent (big-endian): time and memory access depend on its length alone.
    pub(crate) fn pow_secret(&self, exponent: &[u8]) -> Self {
        let (power, exponent, scratch) = (Number::new(), Number::from_be(exponent), Scratch::new());
        // SAFETY: all are live; the modulus is odd and the base below it, as this function requires; the Montgomery
        // context was made from that modulus.
        done(unsafe {
            sys::BN_mod_exp_mont_consttime(
                power.ptr(),
                self.0.ptr(),
                exponent.ptr(),
                GROUP.modulus.ptr(),
                scratch.ptr(),
                GROUP.montgomery.ptr(),
            )
        });
        Self(power)
    }

    /// `self ^ exponent mod N` for an exponent that everyone may know (big-endian): time depends on its bits.
    pub(crate) fn pow_public(&self, exponent: &[u8]) -> Self {
        let (power, exponent, scratch) = (Number::new(), Number::from_be(exponent), Scratch::new());
        // SAFETY: as in `pow_secret`.
        done(unsafe {
            sys::BN_mod_exp_mont(
                power.ptr(),
                self.0.ptr(),
                exponent.ptr(),
                GROUP.modulus.ptr(),
                scratch.ptr(),
                GROUP.montgomery.ptr(),
            )
        });
        Self(power)
    }

    /// `g ^ exponent mod N` with g = 2, for a secret 256-bit exponent (big-endian): one table look-up and one product a
    /// window, every entry of a row read whatever the window holds.
    pub(crate) fn power_of_g(exponent: &[u8; 32]) -> Self {
        let scratch = Scratch::new();
        let mut entry = Zeroizing::new([0u64; WORDS]);
        let mut power: Option<Number> = None;
        for (row, entries) in TABLE.iter().enumerate() {
            select(entries, window(exponent, row), &mut entry);
            let factor = Number::from_words(&entry);
            power = Some(match power {
                None => factor,
                Some(product) => GROUP.montgomery.product(&product, &factor, &scratch),
            });
        }
        let power = power.expect("the table has rows");
        Self(GROUP.montgomery.leave(&power, &scratch))
    }
}

/// The modulus, big-endian.
pub(crate) fn modulus() -> &'static [u8; LEN] {
    &GROUP.modulus_be
}

/// Builds the group and its table now, some milliseconds of work, rather than at the first exponentiation.
pub(crate) fn prepare() {
    LazyLock::force(&TABLE);
}

struct Group {
    modulus: Number,
    modulus_be: [u8; LEN],
    montgomery: Montgomery,
}

// SAFETY: nothing writes to a Group after it is built, and aws-lc allows concurrent reads of a BIGNUM and of a BN_MONT_CTX.
unsafe impl Send for Group {}
// SAFETY: as above.
unsafe impl Sync for Group {}

static GROUP: LazyLock<Group> = LazyLock::new(|| {
    let modulus = Number::new();
    // SAFETY: `modulus` is a live BIGNUM; the function fills it and returns it, or null without memory.
    let filled = unsafe { sys::BN_get_rfc3526_prime_3072(modulus.ptr()) };
    assert!(!filled.is_null(), "aws-lc is out of memory");
    let mut modulus_be = [0u8; LEN];
    // SAFETY: `modulus_be` is LEN writable bytes and the prime is 3072 bits.
    done(unsafe { sys::BN_bn2bin_padded(modulus_be.as_mut_ptr(), LEN, modulus.ptr()) });
    let montgomery = Montgomery::new(&modulus);
    Group { modulus, modulus_be, montgomery }
});

/// Row i, entry j: `g ^ (j * 2^(5 i))` in Montgomery form, little-endian words.
static TABLE: LazyLock<Box<[[[u64; WORDS]; ROW]]>> = LazyLock::new(|| {
    let (montgomery, scratch) = (&GROUP.montgomery, Scratch::new());
    let enter = |value: u8| {
        let residue = Residue::from_be(&[value]).expect("a byte is below the modulus");
        montgomery.enter(&residue.0, &scratch)
    };
    let one = enter(1);
    let mut base = enter(2);
    let mut table = Vec::with_capacity(ROWS);
    for _ in 0..ROWS {
        let mut row = [[0u64; WORDS]; ROW];
        let mut power = montgomery.product(&one, &enter(1), &scratch);
        for entry in &mut row {
            *entry = power.to_words();
            power = montgomery.product(&power, &base, &scratch);
        }
        // After the last entry `power` is base^32, the next row's base.
        base = power;
        table.push(row);
    }
    table.into_boxed_slice()
});

/// The `row`-th five bits of a big-endian exponent, from its low end.
fn window(exponent: &[u8; 32], row: usize) -> u64 {
    let bit = |at: usize| if at < 256 { u64::from(exponent[31 - at / 8] >> (at % 8) & 1) } else { 0 };
    (0..WINDOW).map(|offset| bit(row * WINDOW + offset) << offset).sum()
}

/// Copies `row[index]` to `out` by reading every entry under a mask, so that the cache does not learn the index.
fn select(row: &[[u64; WORDS]; ROW], index: u64, out: &mut [u64; WORDS]) {
    out.fill(0);
    for (position, entry) in (0u64..).zip(row) {
        let difference = position ^ index;
        // All ones when equal, else zero. The black box keeps the compiler from turning the mask back into a branch.
        let mask = std::hint::black_box((difference | difference.wrapping_neg()) >> 63).wrapping_sub(1);
        for (word, value) in out.iter_mut().zip(entry) {
            *word |= value & mask;
        }
    }
}

fn done(status: std::ffi::c_int) {
    assert!(status == 1, "aws-lc is out of memory");
}

struct Number(NonNull<sys::BIGNUM>);

impl Number {
    fn new() -> Self {
        // SAFETY: no preconditions; null, for want of memory, is caught.
        Self(NonNull::new(unsafe { sys::BN_new() }).expect("aws-lc is out of memory"))
    }

    fn from_be(bytes: &[u8]) -> Self {
        let number = Self::new();
        // SAFETY: the slice's own pointer and length; `number` is live.
        let read = unsafe { sys::BN_bin2bn(bytes.as_ptr(), bytes.len(), number.ptr()) };
        assert!(!read.is_null(), "aws-lc is out of memory");
        number
    }

    fn from_words(words: &[u64; WORDS]) -> Self {
        let mut bytes = Zeroizing::new([0u8; LEN]);
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        let number = Self::new();
        // SAFETY: `bytes` is LEN readable bytes; `number` is live.
        let read = unsafe { sys::BN_le2bn(bytes.as_ptr(), LEN, number.ptr()) };
        assert!(!read.is_null(), "aws-lc is out of memory");
        number
    }

    fn to_words(&self) -> [u64; WORDS] {
        let mut bytes = [0u8; LEN];
        // SAFETY: `bytes` is LEN writable bytes; the function fails rather than write past them.
        done(unsafe { sys::BN_bn2le_padded(bytes.as_mut_ptr(), LEN, self.ptr()) });
        let mut words = [0u64; WORDS];
        for (word, chunk) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes(chunk.try_into().expect("a chunk is eight bytes"));
        }
        words
    }

    fn ptr(&self) -> *mut sys::BIGNUM {
        self.0.as_ptr()
    }
}

impl Drop for Number {
    fn drop(&mut self) {
        // SAFETY: made by BN_new, owned here alone, not used again.
        unsafe { sys::BN_clear_free(self.ptr()) }
    }
}

struct Scratch(NonNull<sys::BN_CTX>);

impl Scratch {
    fn new() -> Self {
        // SAFETY: no preconditions; null, for want of memory, is caught.
        Self(NonNull::new(unsafe { sys::BN_CTX_new() }).expect("aws-lc is out of memory"))
    }

    fn ptr(&self) -> *mut sys::BN_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // SAFETY: made by BN_CTX_new, owned here alone, not used again.
        unsafe { sys::BN_CTX_free(self.ptr()) }
    }
}

struct Montgomery(NonNull<sys::BN_MONT_CTX>);

impl Montgomery {
    fn new(modulus: &Number) -> Self {
        let scratch = Scratch::new();
        // SAFETY: both are live and the modulus is odd; null, for want of memory, is caught.
        let context = unsafe { sys::BN_MONT_CTX_new_for_modulus(modulus.ptr(), scratch.ptr()) };
        Self(NonNull::new(context).expect("aws-lc is out of memory"))
    }

    /// The Montgomery form of a number below the modulus.
    fn enter(&self, number: &Number, scratch: &Scratch) -> Number {
        let form = Number::new();
        // SAFETY: all are live; every caller's number is below the modulus.
        done(unsafe { sys::BN_to_montgomery(form.ptr(), number.ptr(), self.ptr(), scratch.ptr()) });
        form
    }

    /// The number whose Montgomery form this is.
    fn leave(&self, form: &Number, scratch: &Scratch) -> Number {
        let number = Number::new();
        // SAFETY: as in `enter`.
        done(unsafe { sys::BN_from_montgomery(number.ptr(), form.ptr(), self.ptr(), scratch.ptr()) });
        number
    }

    /// The Montgomery product `a b / R mod N`.
    fn product(&self, a: &Number, b: &Number, scratch: &Scratch) -> Number {
        let product = Number::new();
        // SAFETY: as in `enter`, for both factors.
        done(unsafe { sys::BN_mod_mul_montgomery(product.ptr(), a.ptr(), b.ptr(), self.ptr(), scratch.ptr()) });
        product
    }

    fn ptr(&self) -> *mut sys::BN_MONT_CTX {
        self.0.as_ptr()
    }
}

impl Drop for Montgomery {
    fn drop(&mut self) {
        // SAFETY: made by BN_MONT_CTX_new_for_modulus, owned here alone, not used again.
        unsafe { sys::BN_MONT_CTX_free(self.ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn small(value: u8) -> Residue {
        Residue::from_be(&[value]).unwrap()
    }

    fn residue() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), LEN).prop_map(|mut bytes| {
            bytes[0] &= 0x7f;
            bytes
        })
    }

    #[test]
    fn the_modulus_is_the_first_that_is_refused() {
        assert!(Residue::from_be(modulus()).is_none());
        let mut below = *modulus();
        below[LEN - 1] -= 1;
        let below = Residue::from_be(&below).unwrap();
        assert_eq!(*below.add(&small(1)).to_be(), [0; LEN]);
        assert!(Residue::from_be(&[1; LEN + 1]).is_none());
        let mut padded = vec![0; 3 * LEN];
        padded.push(7);
        assert_eq!(Residue::from_be(&padded).unwrap().to_be(), small(7).to_be());
    }

    #[test]
    fn small_numbers_behave_as_in_school() {
        assert_eq!(small(3).mul(&small(5)).to_be(), small(15).to_be());
        assert_eq!(small(9).sub(&small(4)).to_be(), small(5).to_be());
        assert_eq!(small(4).sub(&small(9)).add(&small(5)).to_be(), small(0).to_be());
        assert_eq!(small(3).pow_secret(&[4]).to_be(), small(81).to_be());
        assert_eq!(small(3).pow_public(&[4]).to_be(), small(81).to_be());
        assert_eq!(small(0).mul(&small(9)).to_be(), small(0).to_be());
    }

    #[test]
    fn the_table_knows_the_edges_of_its_exponents() {
        for exponent in [[0u8; 32], [0xff; 32], [0x80; 32], std::array::from_fn(|i| u8::from(i == 31))] {
            assert_eq!(Residue::power_of_g(&exponent).to_be(), small(2).pow_public(&exponent).to_be());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn three_ways_to_a_power_of_g_agree(exponent in any::<[u8; 32]>()) {
            let by_table = Residue::power_of_g(&exponent).to_be();
            prop_assert_eq!(&by_table, &small(2).pow_secret(&exponent).to_be());
            prop_assert_eq!(&by_table, &small(2).pow_public(&exponent).to_be());
        }

        #[test]
        fn products_and_sums_are_those_of_a_ring(a in residue(), b in residue(), c in residue()) {
            let [a, b, c] = [a, b, c].map(|bytes| Residue::from_be(&bytes).unwrap());
            prop_assert_eq!(a.mul(&b.add(&c)).to_be(), a.mul(&b).add(&a.mul(&c)).to_be());
            prop_assert_eq!(a.add(&b).sub(&b).to_be(), a.to_be());
        }

        #[test]
        fn exponents_add_up(base in residue(), a in any::<[u8; 16]>(), b in any::<[u8; 16]>()) {
            let base = Residue::from_be(&base).unwrap();
            let sum = u128::from_be_bytes(a).checked_add(u128::from_be_bytes(b));
            prop_assume!(sum.is_some());
            let sum = sum.unwrap().to_be_bytes();
            prop_assert_eq!(base.pow_secret(&sum).to_be(), base.pow_public(&a).mul(&base.pow_secret(&b)).to_be());
        }
    }
}
