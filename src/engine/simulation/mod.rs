//! The simulation engine: patient by patient, every decision taken as the protocol says.
//!
//! A replicate draws latents (addressed, see [`random`]), turns them into patients, and runs the trial: triggers on the
//! data, the transition's statistics and rule, the confirmatory looks. Its [`Record`] is added to a [`Tally`], an exact
//! commutative monoid, so that threads, shards and machines only bracket the same sum differently and the answer has the
//! same bits however it was computed.
//!
//! | file | role |
//! |---|---|
//! | `random` | Philox4x32-10, purposes, inverse transforms |
//! | `wide` | the generator's and the logarithm's loops, for the vectors the processor has |
//! | `latent` | what is drawn before the arm is known |
//! | `patients` | times and readings once it is |
//! | `allocation` | permuted blocks |
//! | `cohort` | months of triggers, events by a month |
//! | `comparison` | the primary test of one arm against the control |
//! | `transition` | statistics and decision at the data cut |
//! | `graphical` | several endpoints that share alpha |
//! | `closed` | elementary, closed and combined tests over the looks |
//! | `replicate` | one trial from first patient to end |
//! | `trial` | checks, preparation, buffers |
//! | `tally`, `outcome` | records to sums to operating characteristics |

mod allocation;
pub(in crate::engine) mod closed;
mod cohort;
mod comparison;
mod graphical;
mod latent;
#[cfg(test)]
mod miniature;
mod numeric;
mod outcome;
mod patients;
mod product;
pub mod random;
mod replicate;
mod tally;
pub(in crate::engine) mod transition;
mod trial;
mod wide;

pub use allocation::Blocks;
pub(in crate::engine) use comparison::check as check_test;
pub use latent::Latents;
pub use patients::{Nature, Patients};
pub use tally::{LookRecord, Moments, Record, Size, Tally, TransitionRecord};
pub use trial::{Trial, Workspace};

use crate::engine::{EngineError, Hypotheses, OperatingCharacteristics, Plan, Settings};
use crate::invalid::require;
use crate::protocol::Protocol;
use crate::truth::Truth;
use rayon::prelude::*;
use std::ops::Range;

/// Told how many more replicates are done, from any thread.
pub type Progress<'a> = &'a (dyn Fn(u64) + Sync);

/// Replicates a thread takes at a time.
const CHUNK: u64 = 128;

/// Replicates of a block: the unit in which a run is stopped, saved and gone on with.
pub const BLOCK: u64 = 2048;

/// Simulates `settings.replicates` trials on the current rayon pool, or as many whole blocks as it takes to be as precise
/// as `settings.mcse`. The answer has the same bits for any number of threads.
///
/// # Errors
/// [`EngineError::Invalid`] when the inputs do not belong together (see [`Trial::new`]) or no replicate is asked for.
pub fn run(
    protocol: &Protocol,
    truth: &Truth,
    plan: &Plan,
    hypotheses: &Hypotheses,
    settings: &Settings,
    progress: Option<Progress<'_>>,
) -> Result<OperatingCharacteristics, EngineError> {
    let trial = Trial::new(protocol, truth, plan, settings.seed)?;
    require(settings.replicates > 0, "replicates", 0.0, "it must be at least 1")?;
    let Some(mcse) = settings.mcse else {
        let tally = trial.tally(hypotheses, 0..settings.replicates, progress)?;
        return Ok(trial.outcome(&tally, hypotheses));
    };
    let mut tally = Tally::new(protocol.hypotheses(), plan.looks.len());
    while let Some(next) = next_block(&tally, &(0..settings.replicates), Some(mcse)) {
        tally = tally.merge(&trial.tally(hypotheses, next, progress)?);
    }
    Ok(trial.outcome(&tally, hypotheses))
}

/// The block of replicates of `range` to be run next when `tally` holds those before it; `None` when all are done, or enough
/// for a standard error of `mcse`.
pub fn next_block(tally: &Tally, range: &Range<u64>, mcse: Option<f64>) -> Option<Range<u64>> {
    let first = range.start + tally.replicates;
    let last = (first + BLOCK).min(range.end);
    (first < last && !mcse.is_some_and(|mcse| tally.precise(mcse))).then_some(first..last)
}

impl Trial<'_> {
    /// Runs the replicates of a range and adds them up; tallies of disjoint ranges merge to the tally of their union,
    /// bit by bit.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] when the hypotheses are not one per experimental arm.
    pub fn tally(
        &self,
        hypotheses: &Hypotheses,
        replicates: Range<u64>,
        progress: Option<Progress<'_>>,
    ) -> Result<Tally, EngineError> {
        let arms = self.protocol.hypotheses();
        for count in [hypotheses.null_true.len(), hypotheses.best.len()] {
            require(count == arms, "number of hypotheses", count as f64, "there must be one per arm or endpoint")?;
        }
        let empty = || Tally::new(arms, self.plan.looks.len());
        let chunks = replicates.end.saturating_sub(replicates.start).div_ceil(CHUNK);
        let tally = (0..chunks)
            .into_par_iter()
            .fold(
                || (self.workspace(), empty()),
                |(mut workspace, mut tally), chunk| {
                    let first = replicates.start + chunk * CHUNK;
                    let last = (first + CHUNK).min(replicates.end);
                    for replicate in first..last {
                        let record = self.replicate(&mut workspace, replicate);
                        tally.add(record, &hypotheses.null_true, &hypotheses.best);
                    }
                    if let Some(progress) = progress {
                        progress(last - first);
                    }
                    (workspace, tally)
                },
            )
            .map(|(_, tally)| tally)
            .reduce(empty, |left, right| left.merge(&right));
        Ok(tally)
    }
}
