//! docs/performance.md.

use std::fmt::Write as _;
use std::fs;

use anyhow::Result;

use super::{OnEngine, Plan, USERS};

pub fn write(plan: &Plan, seen: &[OnEngine]) -> Result<String> {
    let mut page = String::from("# Performance\n\n");
    writeln!(page, "Written by `{}` on {}.\n", command(), machine())?;
    writeln!(
        page,
        "The release server runs as `cognate dev` with its defaults, held to core {}; the load generator is another process on the \
         other cores, and on PostgreSQL the database runs beside it, every commit on the disk. {} connections each have one request \
         under way (a closed loop), for {} s after a warm-up of 2 s, in a pool of {USERS} users. Latency is what the client waits for; \
         CPU is the server's process alone, user and system. The floors are measured in the same run, the arithmetic on the \
         server's core. Absolute figures move from machine to machine: compare ratios.",
        plan.server_cores, plan.connections, plan.seconds
    )?;
    for on in seen {
        engine(&mut page, on)?;
    }
    Ok(page)
}

fn engine(page: &mut String, on: &OnEngine) -> Result<()> {
    writeln!(page, "\n## {}\n", on.engine.name())?;
    let start = on.start.as_secs_f64() * 1000.0;
    writeln!(page, "Start to first healthy answer: {start:.0} ms. Idle memory: {:.0} MB.\n", on.idle_megabytes)?;
    let floors = on.floors;
    writeln!(page, "| floor | a second |\n|---|--:|")?;
    for (name, rate) in [
        ("RSA-2048 signatures", floors.rsa_sign),
        ("3072-bit exponentiations", floors.modexp),
        ("fixed-base exponentiations", floors.fixed_base),
        ("P-256 verifications", floors.p256_verify),
        ("durable commits, grouped", floors.commits),
        ("HTTP answers (the faster of a JWKS document and a refused call)", floors.http),
    ] {
        writeln!(page, "| {name} | {} |", thousands(rate))?;
    }
    writeln!(
        page,
        "\n| work | rate/s | p50 ms | p99 ms | CPU ms | cores busy | peak MB | floor/s | of the floor | the floor is |"
    )?;
    writeln!(page, "|---|--:|--:|--:|--:|--:|--:|--:|--:|---|")?;
    for (work, seen) in &on.rows {
        let (floor, made_of) = floors.of(*work);
        writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} | {:.3} | {:.2} | {:.0} | {} | {:.0} % | {made_of} |",
            work.name(),
            thousands(seen.rate),
            seen.p50_ms,
            seen.p99_ms,
            seen.cpu_ms,
            seen.cores,
            seen.peak_megabytes,
            thousands(floor),
            100.0 * seen.rate / floor
        )?;
    }
    let Some(growth) = &on.growth else { return Ok(()) };
    let (small, large) = (thousands(growth.small as f64), thousands(growth.large as f64));
    writeln!(
        page,
        "\nThe same work in a pool of {small} users and, after adding {} users a second, of {large}:\n",
        thousands(growth.fill_rate)
    )?;
    writeln!(
        page,
        "| work | rate/s, {small} | rate/s, {large} | p50 ms, {small} | p50 ms, {large} | CPU ms, {small} | CPU ms, {large} |"
    )?;
    writeln!(page, "|---|--:|--:|--:|--:|--:|--:|")?;
    for (work, before, after) in &growth.rows {
        writeln!(
            page,
            "| {} | {} | {} | {:.2} | {:.2} | {:.3} | {:.3} |",
            work.name(),
            thousands(before.rate),
            thousands(after.rate),
            before.p50_ms,
            after.p50_ms,
            before.cpu_ms,
            after.cpu_ms
        )?;
    }
    Ok(())
}

/// The command that measures the same again.
fn command() -> String {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    format!("cargo xtask {}", arguments.join(" "))
}

fn machine() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<&str> =
        cpus.lines().filter_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim())).collect();
    format!("{} cores of {}", models.len(), models.first().unwrap_or(&"an unnamed processor"))
}

/// `1,234,567`; one decimal below a hundred.
fn thousands(rate: f64) -> String {
    if rate < 100.0 {
        return format!("{rate:.1}");
    }
    let digits = format!("{rate:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::thousands;

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(1_234_567.0), "1,234,567");
        assert_eq!(thousands(999.6), "1,000");
        assert_eq!(thousands(45.67), "45.7");
    }
}
