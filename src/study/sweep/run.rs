//! Running the units of a sweep on all threads, each finished unit handed to the store at once.
//!
//! Every thread of the pool takes one point after another; the replicates of a block are shared out to threads that have
//! nothing else to do. Both levels live in the one pool, so that there are never more threads at work than it has, and a
//! thread that waits for its block never begins another.

use crate::engine::simulation::{Tally, next_block};
use crate::engine::{self, Progress};
use crate::scenario::Scenario;
use crate::study::ready::{Ready, pairs};
use crate::study::store::{Done, Identity, Store};
use crate::study::{Answer, Shard, StoreError, SweepError, SweepPlan, answer, locate};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Finished units that may wait for the store, per thread.
const WAITING: usize = 4;

/// A finished unit.
pub(in crate::study) struct Unit {
    /// Evaluation.
    pub evaluation: u64,
    /// Replicates done, and their tally.
    pub block: Option<(Range<u64>, Tally)>,
    /// The answer, or why there is none, where the evaluation is done.
    pub answer: Option<Result<Answer, String>>,
}

/// What a run tells while it goes on, and asks.
pub struct Hooks<'a> {
    /// Told the work before it begins: units, replicates that are done already and replicates in all.
    pub begins: &'a (dyn Fn(u64, u64, u64) + Sync),
    /// Told how many more replicates are done, from any thread.
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Asked after every unit whether to go on.
    pub go_on: &'a (dyn Fn() -> bool + Sync),
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// All units are done, and the store is in its final form.
    Complete {
        /// Evaluations answered or refused.
        evaluations: u64,
        /// Evaluations that could not be answered.
        refused: u64,
        /// Why the first of them has no answer.
        first: Option<String>,
    },
    /// Stopped before.
    Stopped {
        /// Evaluations answered.
        done: u64,
        /// Evaluations there are.
        of: u64,
    },
}

/// A shard of a sweep and its store.
pub struct SweepRun<'a> {
    plan: &'a SweepPlan,
    units: Range<u64>,
    identity: Identity,
    file: PathBuf,
}

impl<'a> SweepRun<'a> {
    /// A shard of a plan, kept in `file`. `text` and `sets` are what the plan's scenario was read from.
    pub fn new(plan: &'a SweepPlan, text: &str, sets: &[String], shard: Shard, file: &Path) -> Self {
        let units = plan.shard(shard);
        Self { plan, identity: Identity::new(plan, text, sets, &units), units, file: file.to_owned() }
    }

    /// Begins the store, or goes on with it, until all is done.
    ///
    /// # Errors
    /// [`SweepError`] when the store is there and `resume` is false, is that of another run, is damaged, or cannot be
    /// written; what it holds stays.
    pub fn go(&self, resume: bool, hooks: &Hooks<'_>) -> Result<Ended, SweepError> {
        if self.file.exists() {
            if !resume {
                return Err(StoreError::new(&self.file, &"is there already; --resume goes on with it").into());
            }
        } else {
            Store::create(&self.file, &self.identity, self.plan)?;
        }
        let (mut store, identity) = Store::open(&self.file)?;
        self.identity
            .same_run(&identity)
            .and_then(|()| self.identity.same_units(&identity))
            .map_err(|error| StoreError::new(&self.file, &error))?;
        if !store.complete()? {
            store.claim()?;
            let before = store.done(self.plan)?;
            let state = State { plan: self.plan, units: &self.units, before, hooks, stopped: AtomicU64::new(0) };
            (hooks.begins)(
                self.units.end - self.units.start,
                state.replicates_before(),
                self.plan.replicates(&self.units),
            );
            let (sender, receiver) = sync_channel(WAITING * rayon::current_num_threads());
            std::thread::scope(|scope| {
                let (store, plan) = (&mut store, self.plan);
                let writer = scope.spawn(move || write(store, plan, &receiver));
                state.compute(&sender);
                drop(sender);
                writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })?;
            if state.stopped.load(Ordering::Relaxed) > 0 {
                let (done, of) = (store.answered()?, self.plan.evaluations() as u64);
                return Ok(Ended::Stopped { done, of });
            }
            store = store.finish(self.plan)?;
        }
        Ok(store.ended()?)
    }
}

/// Writes finished units, all that wait in one transaction.
fn write(store: &mut Store, plan: &SweepPlan, receiver: &Receiver<Unit>) -> Result<(), StoreError> {
    while let Ok(first) = receiver.recv() {
        let units: Vec<Unit> = std::iter::once(first).chain(receiver.try_iter()).collect();
        store.write(plan, &units)?;
    }
    Ok(())
}

struct State<'a> {
    plan: &'a SweepPlan,
    units: &'a Range<u64>,
    before: Done,
    hooks: &'a Hooks<'a>,
    stopped: AtomicU64,
}

impl State<'_> {
    fn replicates_before(&self) -> u64 {
        let places =
            (0..self.plan.evaluations()).filter_map(|place| Some((place, self.plan.range(place, self.units)?)));
        let done = |(place, range): (usize, Range<u64>)| {
            let evaluation = self.plan.evaluation(place);
            if self.before.answered(evaluation) {
                range.end - range.start
            } else {
                self.before.tally(evaluation).map_or(0, |tally| tally.replicates)
            }
        };
        places.map(done).sum()
    }

    /// Every thread takes points until there are no more, or the run is stopped.
    fn compute(&self, sender: &SyncSender<Unit>) {
        let next = AtomicUsize::new(0);
        rayon::broadcast(|_| {
            loop {
                let point = next.fetch_add(1, Ordering::Relaxed);
                if point >= self.plan.points().len() || self.point(point, sender).is_none() {
                    break;
                }
            }
        });
    }

    /// Hands a unit on; `None` when the run has to stop.
    fn hand_on(&self, sender: &SyncSender<Unit>, unit: Unit) -> Option<()> {
        // The writer is gone when it failed: its error ends the run.
        let written = sender.send(unit).is_ok();
        if written && self.stopped.load(Ordering::Relaxed) == 0 && (self.hooks.go_on)() {
            return Some(());
        }
        self.stopped.store(1, Ordering::Relaxed);
        None
    }

    /// Everything of one point that is not done yet.
    fn point(&self, point: usize, sender: &SyncSender<Unit>) -> Option<()> {
        if self.stopped.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let pairs_each = self.plan.candidates().len() * self.plan.truths().len();
        let left: Vec<(usize, Range<u64>)> = (point * pairs_each..(point + 1) * pairs_each)
            .filter(|place| !self.before.answered(self.plan.evaluation(*place)))
            .filter_map(|place| Some((place, self.plan.range(place, self.units)?)))
            .collect();
        if left.is_empty() {
            return Some(());
        }
        let Ok(scenario) = self.plan.scenario_at(point) else { return Some(()) };
        for (place, range) in left {
            self.evaluation(&scenario, place, range, sender)?;
        }
        Some(())
    }

    fn evaluation(
        &self,
        scenario: &Scenario,
        place: usize,
        range: Range<u64>,
        sender: &SyncSender<Unit>,
    ) -> Option<()> {
        let evaluation = self.plan.evaluation(place);
        let pair = place % (self.plan.candidates().len() * self.plan.truths().len());
        let (candidate, name, truth, simulated) = pairs(scenario).nth(pair)?;
        let done = |answer| Unit { evaluation, block: None, answer: Some(answer) };
        if !simulated {
            let found = engine::evaluate(&candidate.protocol, truth, &candidate.planning, &scenario.run, None)
                .map(|outcome| answer(candidate, name, outcome))
                .map_err(|error| locate(scenario, &candidate.name, name, error).to_string());
            return self.hand_on(sender, done(found));
        }
        let progress: Progress = Some(self.hooks.progress);
        let made = Ready::new(scenario, candidate, name, truth);
        let ready = match &made {
            Ok(ready) => ready,
            Err(error) => return self.refuse(sender, evaluation, &range, error.to_string()),
        };
        let trial = match ready.trial(scenario) {
            Ok(trial) => trial,
            Err(error) => return self.refuse(sender, evaluation, &range, error.to_string()),
        };
        let mcse = self.plan.mcse(place);
        let mut tally = self.before.tally(evaluation).cloned().unwrap_or_else(|| self.plan.nothing(place));
        while let Some(next) = next_block(&tally, &range, mcse) {
            let block = match trial.tally(&ready.hypotheses, next.clone(), progress) {
                Ok(block) => block,
                Err(error) => {
                    return self.refuse(
                        sender,
                        evaluation,
                        &range,
                        locate(scenario, &candidate.name, name, error).to_string(),
                    );
                }
            };
            tally = tally.merge(&block);
            let last = next_block(&tally, &range, mcse).is_none();
            let finished = (last && self.plan.whole(place, &range))
                .then(|| Ok(answer(candidate, name, trial.outcome(&tally, &ready.hypotheses))));
            self.hand_on(sender, Unit { evaluation, block: Some((next, block)), answer: finished })?;
        }
        (self.hooks.progress)((range.end - range.start).saturating_sub(tally.replicates));
        Some(())
    }

    fn refuse(&self, sender: &SyncSender<Unit>, evaluation: u64, range: &Range<u64>, why: String) -> Option<()> {
        (self.hooks.progress)(range.end - range.start);
        self.hand_on(sender, Unit { evaluation, block: None, answer: Some(Err(why)) })
    }
}

/// The answer of an evaluation whose tally is complete, or why there is none.
pub(in crate::study) fn answer_of(plan: &SweepPlan, place: usize, tally: &Tally) -> Result<Answer, String> {
    let pairs_each = plan.candidates().len() * plan.truths().len();
    let scenario = plan.scenario_at(place / pairs_each).map_err(|error| error.to_string())?;
    let Some((candidate, name, truth, _)) = pairs(&scenario).nth(place % pairs_each) else {
        return Err("no such evaluation".into());
    };
    let ready = Ready::new(&scenario, candidate, name, truth).map_err(|error| error.to_string())?;
    let trial = ready.trial(&scenario).map_err(|error| error.to_string())?;
    Ok(answer(candidate, name, trial.outcome(tally, &ready.hypotheses)))
}
