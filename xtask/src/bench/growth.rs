//! Does the cost of an operation grow with the pool?

use anyhow::Result;

use super::load::{Load, Measured, Work};
use crate::program::say;

const COMPARED: [Work; 4] = [Work::Password, Work::GetUser, Work::ListUsers, Work::AdminCreateUser];

pub struct Growth {
    pub small: u64,
    pub large: u64,
    /// Users added a second while the pool grew.
    pub fill_rate: f64,
    /// The same work on the small pool and on the large one.
    pub rows: Vec<(Work, Measured, Measured)>,
}

pub fn compare(load: &Load<'_>, small: u64, large: u64) -> Result<Growth> {
    say(&format!("a pool of {small} users, grown to {large}"));
    let pool = load.prepare(small)?;
    let before = COMPARED.map(|work| load.measure(work, &pool));
    let fill_rate = load.fill(&pool, large)?;
    let mut rows = Vec::new();
    for (work, before) in COMPARED.into_iter().zip(before) {
        rows.push((work, before?, load.measure(work, &pool)?));
    }
    Ok(Growth { small, large, fill_rate, rows })
}
