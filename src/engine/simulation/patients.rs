//! Patients as the trial sees them: latents turned into times by the course of the patient's arm, stratum and response.

use crate::engine::EngineError;
use crate::engine::simulation::latent::Latents;
use crate::engine::simulation::product::{Given, ProductReady, under_effect};
use crate::survival::{Clock, Course, HazardRatio, PiecewiseHazard};
use crate::truth::{Later, Truth};
use std::ops::Range;

/// A hazard made ready for inversion.
#[derive(Debug, Clone)]
struct Inverse {
    pieces: Vec<Piece>,
    whole: PiecewiseHazard,
}

/// A piece: cumulative hazard at its start, start, rate. One of infinite cumulative hazard is never begun.
#[derive(Debug, Clone, Copy)]
struct Piece {
    cumulative: f64,
    start: f64,
    rate: f64,
}

/// Pieces up to which counting is faster than bisection (no branch to guess).
const FEW: usize = 12;

impl Inverse {
    fn new(hazard: PiecewiseHazard) -> Self {
        let piece = |(&start, &rate)| Piece { cumulative: hazard.cumulative(start), start, rate };
        Self { pieces: hazard.starts().iter().zip(hazard.rates()).map(piece).collect(), whole: hazard }
    }

    /// Adds pieces that are never begun up to `count`, so that arms with fewer pieces take the same steps.
    fn pad(&mut self, count: usize) {
        let never = Piece { cumulative: f64::INFINITY, start: f64::INFINITY, rate: 0.0 };
        self.pieces.resize(count.max(self.pieces.len()), never);
    }

    /// Time at which the cumulative hazard reaches `target`, at least 0: the same bits as
    /// [`PiecewiseHazard::time_of_cumulative`], whose pieces are counted here instead of bisected.
    #[inline]
    fn time(&self, target: f64) -> f64 {
        if let [piece] = self.pieces[..] {
            return if target > 0.0 { target / piece.rate } else { 0.0 };
        }
        if self.pieces.len() > FEW {
            return self.whole.time_of_cumulative(target);
        }
        let begun: usize = self.pieces.iter().map(|piece| usize::from(piece.cumulative <= target)).sum();
        let piece = &self.pieces[begun.saturating_sub(1)];
        let rest = target - piece.cumulative;
        // Without a hazard anything that is left takes for ever.
        if rest > 0.0 { piece.start + rest / piece.rate } else { piece.start }
    }
}

/// Pads hazards to the longest of them, unless that is too long to count.
fn pad<'a>(hazards: impl Iterator<Item = &'a mut Inverse>) {
    let hazards: Vec<_> = hazards.collect();
    let longest = hazards.iter().map(|hazard| hazard.pieces.len()).max().unwrap_or(0);
    if longest <= FEW {
        for hazard in hazards {
            hazard.pad(longest);
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

    /// The one hazard, if there is one.
    fn hazard(&mut self) -> Option<&mut Inverse> {
        match self {
            Self::SinceProgression(hazard) | Self::SinceRandomization(hazard) => Some(hazard),
            Self::TwoClocks(..) => None,
        }
    }

    /// Months since randomisation at which a patient who progressed at `progression` dies, once the cumulative hazard
    /// since progression reaches `target`.
    fn month_of_death(&self, progression: f64, target: f64) -> f64 {
        match self {
            Self::SinceProgression(hazard) => progression + hazard.time(target),
            Self::SinceRandomization(hazard) => {
                hazard.time(hazard.whole.cumulative(progression) + target).max(progression)
            }
            Self::TwoClocks(baseline, effect) => under_effect(baseline, progression, effect, 0.0, progression, target),
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
    /// Nobody is frail, cured, waits for a product or has later therapy: fewer steps a patient.
    plain: bool,
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
        pad(cells.iter_mut().flat_map(|cell| &mut cell.courses).map(|course| &mut course.death));
        pad(cells.iter_mut().flat_map(|cell| &mut cell.courses).map(|course| &mut course.progression));
        pad(cells.iter_mut().flat_map(|cell| &mut cell.courses).filter_map(|course| course.after.hazard()));
        let mut dropout: Vec<_> = truth.arms.iter().map(|arm| Inverse::new(arm.dropout.clone())).collect();
        pad(dropout.iter_mut());
        let response = truth.immune_response.as_ref();
        let assays: Vec<_> = response.map_or_else(Vec::new, |response| {
            response.assays.iter().map(|assay| (assay.sensitivity, 1.0 - assay.specificity)).collect()
        });
        let perfect = assays.iter().all(|&assay| assay == (1.0, 0.0));
        let frail = response.is_some_and(|response| response.prognostic.log_hazard_sd > 0.0);
        let simple = |cell: &Cell| {
            cell.product.is_none() && cell.later.is_none() && cell.cured == crate::truth::Cured::default()
        };
        Ok(Self {
            plain: !frail && cells.iter().all(simple),
            cells,
            dropout,
            strata: truth.strata.len(),
            frail,
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

/// The range of a column, nothing of one that is not drawn.
fn part<'c>(column: &'c [f64], range: &Range<usize>) -> &'c [f64] {
    column.get(range.clone()).unwrap_or_default()
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
        if nature.plain {
            self.realise_as::<true>(nature, latents, range);
        } else {
            self.realise_as::<false>(nature, latents, range);
        }
    }

    /// [`Self::realise`]; under a `PLAIN` nature without the steps that it does not need.
    fn realise_as<const PLAIN: bool>(&mut self, nature: &Nature, latents: &Latents, range: Range<usize>) {
        // Slices of one length: nothing is looked up or checked again inside the loop.
        let patients = range.len();
        let (arms, cells) = (&self.arm[range.clone()], &mut self.cell[range.clone()][..patients]);
        let (pfs, os) = (&mut self.pfs[range.clone()][..patients], &mut self.os[range.clone()][..patients]);
        let dropouts = &mut self.dropout[range.clone()][..patients];
        let responders = &mut self.responder[range.clone()][..patients];
        let strata = &latents.stratum[range.clone()][..patients];
        let (deaths, leaves) = (&latents.death[range.clone()][..patients], &latents.dropout[range.clone()][..patients]);
        let (responses, resistances) = (part(&latents.response, &range), part(&latents.resistance, &range));
        let (progressions, cures) = (part(&latents.progression, &range), part(&latents.cure, &range));
        for (i, &arm) in arms.iter().enumerate() {
            let arm = usize::from(arm);
            let index = arm * nature.strata + usize::from(strata[i]);
            cells[i] = index as u16;
            let cell = &nature.cells[index];
            let responds = responses.get(i).is_some_and(|&place| place > cell.non_response);
            let course = &cell.courses[usize::from(responds)];
            let patient = range.start + i;
            let resistance = if !PLAIN && nature.frail { resistances[i] } else { 1.0 };
            let cure = if PLAIN { 1.0 } else { cures.get(i).copied().unwrap_or(1.0) };
            let product = match &cell.product {
                Some(product) if !PLAIN => product.given(latents, patient, responds),
                _ => None,
            };
            let first = |transition: usize, hazard: &Inverse, target: f64| match &product {
                Some(product) => product.month(transition, &hazard.whole, [0.0; 2], target),
                None => hazard.time(target),
            };
            let death = if !PLAIN && cure < cell.cured.death {
                f64::INFINITY
            } else {
                first(1, &course.death, deaths[i] * resistance)
            };
            let progression = match progressions.get(i) {
                Some(&target) if PLAIN || cure >= cell.cured.progression => {
                    first(0, &course.progression, target * resistance)
                }
                _ => f64::INFINITY,
            };
            if progression < death {
                pfs[i] = progression;
                os[i] = if !PLAIN && cure < cell.cured.death_after_progression {
                    f64::INFINITY
                } else {
                    let after = match &cell.later {
                        Some(later) if !PLAIN => later.after(latents, patient, responds),
                        _ => &course.after,
                    };
                    let target = latents.after[patient] * resistance;
                    match &product {
                        Some(product) if product.before(progression) => {
                            after.month_of_death_given(product, progression, target)
                        }
                        _ => after.month_of_death(progression, target),
                    }
                };
            } else {
                pfs[i] = death;
                os[i] = death;
            }
            dropouts[i] = nature.dropout[arm].time(leaves[i]);
            let seen =
                !nature.missing_if_event_before || (pfs[i] >= nature.measured_at && dropouts[i] >= nature.measured_at);
            responders[i] = seen && nature.positive(latents, patient, responds);
        }
    }
}

impl Nature {
    /// Whether enough assays read positive.
    #[inline]
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
