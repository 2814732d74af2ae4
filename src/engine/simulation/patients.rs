//! Patients as the trial sees them: latents turned into times by the course of the patient's arm, stratum and response.

use crate::engine::EngineError;
use crate::engine::simulation::latent::Latents;
use crate::engine::simulation::product::{Given, ProductReady};
use crate::survival::{Clock, Course, HazardRatio, PiecewiseHazard};
use crate::truth::{Later, Truth};
use std::ops::Range;

/// A hazard made ready for inversion.
#[derive(Debug, Clone)]
struct Inverse {
    starts: Vec<f64>,
    rates: Vec<f64>,
    cumulative: Vec<f64>,
    whole: PiecewiseHazard,
}

/// Pieces up to which counting is faster than bisection (no branch to guess).
const FEW: usize = 12;

impl Inverse {
    fn new(hazard: PiecewiseHazard) -> Self {
        Self {
            starts: hazard.starts().to_vec(),
            rates: hazard.rates().to_vec(),
            cumulative: hazard.starts().iter().map(|&start| hazard.cumulative(start)).collect(),
            whole: hazard,
        }
    }

    /// Time at which the cumulative hazard reaches `target`, above 0: the same bits as
    /// [`PiecewiseHazard::time_of_cumulative`], whose pieces are counted here instead of bisected.
    #[inline]
    fn time(&self, target: f64) -> f64 {
        if let [rate] = self.rates[..] {
            return if rate > 0.0 { target / rate } else { f64::INFINITY };
        }
        if self.rates.len() > FEW {
            return self.whole.time_of_cumulative(target);
        }
        let begun: usize = self.cumulative.iter().map(|&total| usize::from(total <= target)).sum();
        let piece = begun.saturating_sub(1);
        let rest = target - self.cumulative[piece];
        if self.rates[piece] > 0.0 {
            self.starts[piece] + rest / self.rates[piece]
        } else if rest <= 0.0 {
            self.starts[piece]
        } else {
            f64::INFINITY
        }
    }
}

/// Death after progression, made ready for sampling.
#[derive(Debug, Clone)]
enum After {
    /// Clock restarts, no effect: one hazard since progression.
    SinceProgression(Inverse),
    /// Clock goes on: baseline times effect, since randomisation.
    SinceRandomization(Inverse),
    /// Clock restarts, but the effect runs on the trial clock.
    TwoClocks(PiecewiseHazard, HazardRatio),
}

impl After {
    fn new(course: &Course) -> Result<Self, EngineError> {
        Ok(match course.clock {
            Clock::SinceRandomization => {
                Self::SinceRandomization(Inverse::new(course.after_effect.applied_to(&course.after_baseline)?))
            }
            Clock::SinceProgression if course.after_effect.is_one() => {
                Self::SinceProgression(Inverse::new(course.after_baseline.clone()))
            }
            Clock::SinceProgression => Self::TwoClocks(course.after_baseline.clone(), course.after_effect.clone()),
        })
    }

    /// Months since randomisation at which a patient who progressed at `progression` dies, once the cumulative hazard
    /// since progression reaches `target`.
    fn month_of_death(&self, progression: f64, target: f64) -> f64 {
        match self {
            Self::SinceProgression(hazard) => progression + hazard.time(target),
            Self::SinceRandomization(hazard) => {
                hazard.time(hazard.whole.cumulative(progression) + target).max(progression)
            }
            Self::TwoClocks(baseline, effect) => two_clocks(baseline, effect, progression, target),
        }
    }

    /// The same under the effect of a product that arrived before `progression`.
    fn month_of_death_given(&self, product: &Given<'_>, progression: f64, target: f64) -> f64 {
        match self {
            Self::SinceProgression(hazard) => product.month(2, &hazard.whole, [progression; 2], target),
            Self::SinceRandomization(hazard) => product.month(2, &hazard.whole, [0.0, progression], target),
            // No course beside a product has an effect of its own (checked).
            Self::TwoClocks(..) => self.month_of_death(progression, target),
        }
    }
}

/// Walks the pieces of baseline(s − u)·effect(s) from s = u until the cumulative hazard reaches `target`.
fn two_clocks(baseline: &PiecewiseHazard, effect: &HazardRatio, progression: f64, target: f64) -> f64 {
    let (mut i, mut rest, mut now) = (0, target, progression);
    let mut j = effect.starts().partition_point(|&start| start <= progression).saturating_sub(1);
    loop {
        let next_baseline = baseline.starts().get(i + 1).map_or(f64::INFINITY, |start| progression + start);
        let next_effect = effect.starts().get(j + 1).copied().unwrap_or(f64::INFINITY);
        let end = next_baseline.min(next_effect);
        let rate = baseline.rates()[i] * effect.ratios()[j];
        if rate > 0.0 && rest <= rate * (end - now) {
            return now + rest / rate;
        }
        if end == f64::INFINITY {
            return f64::INFINITY;
        }
        rest -= rate * (end - now);
        now = end;
        i += usize::from(next_baseline <= end);
        j += usize::from(next_effect <= end);
    }
}

/// One class of patients, made ready for sampling.
#[derive(Debug, Clone)]
struct Ready {
    progression: Inverse,
    death: Inverse,
    after: After,
}

#[derive(Debug, Clone)]
struct Cell {
    /// The true response is Φ(B) > `non_response`.
    non_response: f64,
    courses: [Ready; 2],
    cured: crate::truth::Cured,
    later: Option<Box<LaterReady>>,
    product: Option<Box<ProductReady>>,
}

/// Therapy after progression and crossover, made ready for sampling.
#[derive(Debug, Clone)]
struct LaterReady {
    /// Probabilities of therapy and of crossover.
    therapy: f64,
    crossover: f64,
    /// By true response: neither, therapy, crossover, both.
    after: [[After; 4]; 2],
}

impl LaterReady {
    fn new(later: &Later, courses: &[Course; 2]) -> Result<Self, EngineError> {
        let ready = |course: &Course| -> Result<[After; 4], EngineError> {
            let [(_, neither), (_, therapy), (_, crossover), (_, both)] = later.histories(course)?;
            Ok([After::new(&neither)?, After::new(&therapy)?, After::new(&crossover)?, After::new(&both)?])
        };
        Ok(Self {
            therapy: later.therapy.map_or(0.0, |therapy| therapy.probability),
            crossover: later.crossover.as_ref().map_or(0.0, |crossover| crossover.probability),
            after: [ready(&courses[0])?, ready(&courses[1])?],
        })
    }

    /// The hazard of a patient after progression.
    fn after(&self, latents: &Latents, patient: usize, responds: bool) -> &After {
        let therapy = usize::from(latents.therapy[patient] < self.therapy);
        let crossover = usize::from(latents.crossover[patient] < self.crossover);
        &self.after[usize::from(responds)][therapy + 2 * crossover]
    }
}

/// A truth made ready for sampling: one cell per arm and stratum.
#[derive(Debug, Clone)]
pub struct Nature {
    cells: Vec<Cell>,
    dropout: Vec<Inverse>,
    strata: usize,
    frail: bool,
    /// (sensitivity, 1 − specificity) of each assay; empty when every assay is perfect.
    assays: Vec<(f64, f64)>,
    needed: usize,
    measured_at: f64,
    missing_if_event_before: bool,
}

impl Nature {
    /// Prepares `truth`.
    ///
    /// # Errors
    /// [`EngineError::Invalid`] if a product of baseline hazard and effect overflows.
    pub fn new(truth: &Truth) -> Result<Self, EngineError> {
        let mut cells = Vec::new();
        for stratum in truth.arms.iter().flat_map(|arm| &arm.strata) {
            let ready = |course: &Course| -> Result<Ready, EngineError> {
                Ok(Ready {
                    progression: Inverse::new(course.progression.clone()),
                    death: Inverse::new(course.death.clone()),
                    after: After::new(course)?,
                })
            };
            cells.push(Cell {
                non_response: 1.0 - stratum.response_rate,
                courses: [ready(&stratum.courses[0])?, ready(&stratum.courses[1])?],
                cured: stratum.cured,
                later: stratum
                    .later
                    .as_ref()
                    .map(|later| LaterReady::new(later, &stratum.courses).map(Box::new))
                    .transpose()?,
                product: stratum.product.as_ref().map(|product| Box::new(ProductReady::new(product))),
            });
        }
        let response = truth.immune_response.as_ref();
        let assays: Vec<_> = response.map_or_else(Vec::new, |response| {
            response.assays.iter().map(|assay| (assay.sensitivity, 1.0 - assay.specificity)).collect()
        });
        let perfect = assays.iter().all(|&assay| assay == (1.0, 0.0));
        Ok(Self {
            cells,
            dropout: truth.arms.iter().map(|arm| Inverse::new(arm.dropout.clone())).collect(),
            strata: truth.strata.len(),
            frail: response.is_some_and(|response| response.prognostic.log_hazard_sd > 0.0),
            needed: response.map_or(0, |response| response.positive_if.needed(assays.len())),
            assays: if perfect { Vec::new() } else { assays },
            measured_at: response.map_or(f64::INFINITY, |response| response.measured_at),
            missing_if_event_before: response.is_some_and(|response| response.missing_if_event_before),
        })
    }
}

/// Patients of one trial, struct of arrays, in order of entry. Months of events and drop-out count from randomisation
/// and are infinite for never.
#[derive(Debug, Clone, Default)]
pub struct Patients {
    /// Calendar month of entry.
    pub entry: Vec<f64>,
    /// Arm, 0 the control.
    pub arm: Vec<u16>,
    /// arm · strata + stratum.
    pub cell: Vec<u16>,
    /// Progression or death, whichever is first.
    pub pfs: Vec<f64>,
    /// Death.
    pub os: Vec<f64>,
    /// Drop-out.
    pub dropout: Vec<f64>,
    /// Whether the patient counts as a responder once the reading is due (false when it is missing).
    pub responder: Vec<bool>,
}

impl Patients {
    /// Room for `patients`.
    pub fn with_capacity(patients: usize) -> Self {
        let room = || Vec::with_capacity(patients);
        Self {
            entry: room(),
            arm: Vec::with_capacity(patients),
            cell: Vec::with_capacity(patients),
            pfs: room(),
            os: room(),
            dropout: room(),
            responder: Vec::with_capacity(patients),
        }
    }

    /// Makes room for exactly `patients` without forgetting the first ones.
    pub fn resize(&mut self, patients: usize) {
        for column in [&mut self.entry, &mut self.pfs, &mut self.os, &mut self.dropout] {
            column.resize(patients, f64::INFINITY);
        }
        self.arm.resize(patients, 0);
        self.cell.resize(patients, 0);
        self.responder.resize(patients, false);
    }

    /// Months to the endpoint's event.
    pub fn event(&self, death: bool) -> &[f64] {
        if death { &self.os } else { &self.pfs }
    }

    /// Turns the latents of patients `range` into times; their arms must be set.
    ///
    /// Competing risks by latent times: progression and death without progression each happen when their own cumulative
    /// hazard, times the patient's frailty, reaches a standard exponential; the earlier one is the first event
    /// (Beyersmann, Allignol and Schumacher 2012, section 3.2, in the form of independent latent times, which has the same law).
    pub fn realise(&mut self, nature: &Nature, latents: &Latents, range: Range<usize>) {
        for i in range {
            let arm = usize::from(self.arm[i]);
            let index = arm * nature.strata + usize::from(latents.stratum[i]);
            self.cell[i] = index as u16;
            let cell = &nature.cells[index];
            let responds = latents.response.get(i).is_some_and(|&place| place > cell.non_response);
            let course = &cell.courses[usize::from(responds)];
            let resistance = if nature.frail { latents.resistance[i] } else { 1.0 };
            let cure = latents.cure.get(i).copied().unwrap_or(1.0);
            let product = cell.product.as_ref().and_then(|product| product.given(latents, i, responds));
            let first = |transition: usize, hazard: &Inverse, target: f64| match &product {
                Some(product) => product.month(transition, &hazard.whole, [0.0; 2], target),
                None => hazard.time(target),
            };
            let death = if cure < cell.cured.death {
                f64::INFINITY
            } else {
                first(1, &course.death, latents.death[i] * resistance)
            };
            let progression = match latents.progression.get(i) {
                Some(&target) if cure >= cell.cured.progression => first(0, &course.progression, target * resistance),
                _ => f64::INFINITY,
            };
            if progression < death {
                self.pfs[i] = progression;
                self.os[i] = if cure < cell.cured.death_after_progression {
                    f64::INFINITY
                } else {
                    let after = cell.later.as_ref().map_or(&course.after, |later| later.after(latents, i, responds));
                    let target = latents.after[i] * resistance;
                    match &product {
                        Some(product) if product.before(progression) => {
                            after.month_of_death_given(product, progression, target)
                        }
                        _ => after.month_of_death(progression, target),
                    }
                };
            } else {
                self.pfs[i] = death;
                self.os[i] = death;
            }
            self.dropout[i] = nature.dropout[arm].time(latents.dropout[i]);
            let seen = !nature.missing_if_event_before
                || (self.pfs[i] >= nature.measured_at && self.dropout[i] >= nature.measured_at);
            self.responder[i] = seen && nature.positive(latents, i, responds);
        }
    }
}

impl Nature {
    /// Whether enough assays read positive.
    fn positive(&self, latents: &Latents, patient: usize, responds: bool) -> bool {
        if self.assays.is_empty() {
            return responds;
        }
        let positive = self.assays.iter().enumerate().filter(|&(assay, &(sensitivity, false_positive))| {
            let place = latents.readings[assay / 2][assay % 2][patient];
            place < if responds { sensitivity } else { false_positive }
        });
        positive.count() >= self.needed
    }
}
