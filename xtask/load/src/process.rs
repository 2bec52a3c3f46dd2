//! What the server's process has used, from /proc.

use std::fs;

use anyhow::{Context, Result};

/// Linux tells user space times in these, whatever its own timer does.
const TICKS_A_SECOND: f64 = 100.0;

/// CPU seconds, user and system, of all threads so far.
pub fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    parse_stat(&stat).context("/proc/<pid>/stat has another form than expected")
}

/// Peak resident memory in MB since the last [`forget_peak`].
pub fn peak_megabytes(pid: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/<pid>/status")?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim_end().parse()?;
    Ok(kilobytes / 1024.0)
}

pub fn forget_peak(pid: u32) -> Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("could not reset the server's peak memory")
}

fn parse_stat(stat: &str) -> Option<f64> {
    // The name in parentheses may hold spaces; what follows it does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_with_spaces_does_not_shift_the_fields() {
        let stat = "7 (a b) c) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 8 0 100 1 1";
        assert_eq!(super::parse_stat(stat), Some(3.0));
    }
}
