//! The shapes an endpoint's law can take for one class of patients, each with a frailty factor κ on all hazards.

use crate::invalid::Invalid;
use crate::survival::decay::mean_decay;
use crate::survival::semi_markov::SemiMarkov;
use crate::survival::tabulated::Tabulated;
use crate::survival::{Course, Endpoint, PiecewiseHazard};

/// Survival and density of one class at one time, both times e^`log_scale` (so that neither underflows).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scaled {
    pub log_scale: f64,
    pub survival: f64,
    pub density: f64,
}

/// The law of an endpoint for one course.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    /// One hazard: PFS (progression or death), or OS where progression does not change the hazard of death.
    Single(PiecewiseHazard),
    /// OS through progression, all hazards on the clock since randomisation.
    Markov(Markov),
    /// OS through progression, the hazard of death after progression on the clock since progression.
    SemiMarkov(Box<SemiMarkov>),
    /// A mixture over months of onset, on smooth panels; frailty included.
    Tabulated(Box<Tabulated>),
}

impl Shape {
    /// The simplest shape that is exact for this course and endpoint.
    pub(crate) fn new(course: &Course, endpoint: Endpoint) -> Result<Self, Invalid> {
        if !endpoint.is_death() {
            return Ok(Self::Single(course.progression.plus(&course.death)?));
        }
        if course.progression.is_zero() {
            return Ok(Self::Single(course.death.clone()));
        }
        if course.is_markov() {
            let after = course.after_effect.applied_to(&course.after_baseline)?;
            if after == course.death {
                // Progression is uninformative for death (Fleischer et al. 2009).
                return Ok(Self::Single(after));
            }
        }
        Self::through_progression(course)
    }

    /// OS with the state of progression kept apart, whatever the hazards.
    pub(crate) fn through_progression(course: &Course) -> Result<Self, Invalid> {
        if !course.is_markov() {
            return Ok(Self::SemiMarkov(Box::new(SemiMarkov::new(course)?)));
        }
        let after = course.after_effect.applied_to(&course.after_baseline)?;
        Ok(Self::Markov(Markov::new(&course.progression, &course.death, &after)))
    }

    /// Kinks of the hazard, months; unsorted, may hold duplicates and 0.
    pub(crate) fn kinks(&self) -> Vec<f64> {
        match self {
            Self::Single(hazard) => hazard.starts().to_vec(),
            Self::Markov(markov) => markov.starts.clone(),
            Self::SemiMarkov(semi) => semi.kinks(),
            Self::Tabulated(table) => table.kinks().to_vec(),
        }
    }

    /// Fastest exponential rate per month, for κ = 1, at work around `time`.
    pub(crate) fn fastest(&self, time: f64) -> f64 {
        match self {
            Self::Single(hazard) => hazard.rate(time),
            Self::Markov(markov) => {
                let cell = &markov.cells[markov.cell(time)];
                (cell.progression + cell.death).max(cell.after)
            }
            Self::SemiMarkov(semi) => semi.fastest(time),
            Self::Tabulated(table) => table.fastest(time),
        }
    }

    /// Survival and density at `time` (months ≥ 0) for frailty factor `factor`, safe against underflow.
    pub(crate) fn scaled(&self, time: f64, factor: f64) -> Scaled {
        match self {
            Self::Single(hazard) => Scaled {
                log_scale: -factor * hazard.cumulative(time),
                survival: 1.0,
                density: factor * hazard.rate(time),
            },
            Self::Markov(markov) => markov.scaled(time, factor, true),
            Self::SemiMarkov(semi) => semi.scaled(time, factor, true),
            Self::Tabulated(table) => {
                let [cumulative, hazard] = table.at(time);
                Scaled { log_scale: -cumulative, survival: 1.0, density: hazard }
            }
        }
    }

    /// [`Self::scaled`] of the patients alive after progression; nothing for a shape that does not know them.
    pub(crate) fn scaled_ill(&self, time: f64, factor: f64) -> Scaled {
        match self {
            Self::Markov(markov) => markov.scaled(time, factor, false),
            Self::SemiMarkov(semi) => semi.scaled(time, factor, false),
            Self::Single(_) | Self::Tabulated(_) => Scaled { log_scale: 0.0, survival: 0.0, density: 0.0 },
        }
    }
}

/// Transition hazards on one cell of the merged partition, per month.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Cell {
    pub progression: f64,
    pub death: f64,
    pub after: f64,
}

/// Illness–death law with all hazards constant on the cells of one partition of time since randomisation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Markov {
    pub starts: Vec<f64>,
    pub cells: Vec<Cell>,
}

impl Markov {
    pub(crate) fn new(progression: &PiecewiseHazard, death: &PiecewiseHazard, after: &PiecewiseHazard) -> Self {
        let mut starts: Vec<f64> = [progression, death, after].iter().flat_map(|h| h.starts()).copied().collect();
        starts.sort_unstable_by(f64::total_cmp);
        starts.dedup();
        let cells = starts
            .iter()
            .map(|&start| Cell {
                progression: progression.rate(start),
                death: death.rate(start),
                after: after.rate(start),
            })
            .collect();
        Self { starts, cells }
    }

    pub(crate) fn cell(&self, time: f64) -> usize {
        self.starts.partition_point(|&start| start <= time).saturating_sub(1)
    }

    /// Probabilities of states 0 and 1 at every cell's start, for frailty factor `factor`.
    pub(crate) fn states(&self, factor: f64) -> Vec<[f64; 2]> {
        let mut states = Vec::with_capacity(self.starts.len());
        let mut state = [1.0, 0.0];
        states.push(state);
        for (pair, cell) in self.starts.windows(2).zip(&self.cells) {
            state = cell.advance(state, factor, pair[1] - pair[0]);
            states.push(state);
        }
        states
    }

    /// The chain at `time` with the slower of the two exponentials of each cell moved into the scale.
    fn scaled(&self, time: f64, factor: f64, with_well: bool) -> Scaled {
        let last = self.cell(time);
        let (mut well, mut ill, mut log_scale) = (1.0_f64, 0.0_f64, 0.0_f64);
        for (i, cell) in self.cells[..=last].iter().enumerate() {
            let end = if i == last { time } else { self.starts[i + 1] };
            let width = end - self.starts[i];
            let (leave, die) = (factor * (cell.progression + cell.death), factor * cell.after);
            let onset = factor * cell.progression;
            let slow = if well == 0.0 {
                die
            } else if ill == 0.0 && onset == 0.0 {
                leave
            } else {
                leave.min(die)
            };
            let gained = if onset > 0.0 && well > 0.0 {
                let common = (-(leave.min(die) - slow) * width).exp();
                well * onset * width * common * mean_decay((die - leave).abs() * width)
            } else {
                0.0
            };
            ill = if ill > 0.0 { ill * (-(die - slow) * width).exp() } else { 0.0 } + gained;
            well *= if well > 0.0 { (-(leave - slow) * width).exp() } else { 0.0 };
            let total = well + ill;
            if !(total > 0.0 && total.is_finite()) {
                break;
            }
            (well, ill) = (well / total, ill / total);
            log_scale += total.ln() - slow * width;
        }
        let cell = &self.cells[last];
        let well = if with_well { well } else { 0.0 };
        Scaled { log_scale, survival: well + ill, density: factor * (well * cell.death + ill * cell.after) }
    }
}

impl Cell {
    /// State probabilities `width` months on, all hazards times `factor`.
    ///
    /// Symbols: p₀, p₁ probabilities of states 0 and 1; a = κ(λ₀₁ + λ₀₂), c = κλ₁₂ per month; Δ months.
    /// p₀(Δ) = p₀e^(−aΔ),  p₁(Δ) = p₁e^(−cΔ) + p₀κλ₀₁·∫₀^Δ e^(−au − c(Δ−u)) du, the integral (e^(−aΔ) − e^(−cΔ))/(c − a),
    /// written Δ·e^(−min(a,c)Δ)·(1 − e^(−|c−a|Δ))/(|c−a|Δ) where a and c are near: it neither cancels nor overflows, and
    /// holds at a = c (Meller, Beyersmann and Rufibach 2019, section 2; Erdmann et al. 2023).
    #[inline]
    pub(crate) fn advance(&self, [well, ill]: [f64; 2], factor: f64, width: f64) -> [f64; 2] {
        let (leave, die) = (factor * (self.progression + self.death), factor * self.after);
        let (stay, live) = ((-leave * width).exp(), (-die * width).exp());
        let gap = die - leave;
        let onset = if gap.abs() * width > 0.5 {
            (stay - live) / gap
        } else {
            width * stay.max(live) * mean_decay(gap.abs() * width)
        };
        [well * stay, ill * live + well * factor * self.progression * onset]
    }
}
