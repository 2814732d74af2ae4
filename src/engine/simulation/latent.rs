//! What is drawn for a patient before anything depends on the arm: arrival, stratum, and the latent numbers that become
//! times once the arm is known.
//!
//! Latents depend on the seed, the replicate and the patient's number alone, so that every candidate protocol and every
//! truth judges the same patients, and a decision that moves a patient to another arm leaves the patient the same.

use crate::engine::simulation::random::{Draws, Purpose, exponentials, standard_normal};
use crate::truth::{EnrollmentProcess, Product, Truth};

/// Which latents a truth uses; the others are not drawn (draws are addressed, so skipping one shifts nothing).
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "one independent switch per kind of draw")]
struct Used {
    strata: bool,
    dropout: bool,
    progression: bool,
    frailty: bool,
    cure: bool,
    later: bool,
    wait: bool,
    failure: bool,
}

/// Latents of the patients drawn so far, struct of arrays, in order of arrival.
#[derive(Debug, Clone)]
pub struct Latents {
    used: Used,
    /// Calendar month of arrival, before any pause of enrolment.
    pub arrival: Vec<f64>,
    /// Expected count at which the last patient arrived.
    expected: f64,
    /// Uniform of the stratum.
    place: Vec<f64>,
    /// Stratum index.
    pub stratum: Vec<u16>,
    /// Standard exponential: cumulative hazard of death without progression at which the patient dies.
    pub death: Vec<f64>,
    /// Standard exponential of drop-out.
    pub dropout: Vec<f64>,
    /// Standard exponential of progression.
    pub progression: Vec<f64>,
    /// Standard exponential of death after progression.
    pub after: Vec<f64>,
    /// Uniform Φ(B) of the latent response; drawn with the arrivals, of a truth without responses too.
    pub response: Vec<f64>,
    /// Uniform Φ(W) of the part of the frailty that is independent of the response.
    independent: Vec<f64>,
    /// 1/exp(ξ): the factor on every cumulative hazard to reach.
    pub resistance: Vec<f64>,
    /// Uniform compared with the cured fractions.
    pub cure: Vec<f64>,
    /// The unused half of the cure draws.
    spare: Vec<f64>,
    /// Uniform compared with the probability of therapy after progression.
    pub therapy: Vec<f64>,
    /// Uniform compared with the probability of crossover.
    pub crossover: Vec<f64>,
    /// Uniform of the months to the product.
    pub wait: Vec<f64>,
    /// Uniform of the months from the product to its effect.
    pub delay: Vec<f64>,
    /// Uniform compared with the probability that the product fails.
    pub failure: Vec<f64>,
    /// The unused half of the failure draws.
    spare_failure: Vec<f64>,
    /// Uniforms of the assay readings: assay j in pair j/2, place j mod 2. Empty when every assay is perfect.
    pub readings: Vec<[Vec<f64>; 2]>,
}

/// Draws both purposes of a block for the patients behind those there are.
fn extend_pairs(even: &mut Vec<f64>, odd: &mut Vec<f64>, to: usize, stream: &impl Draws, purpose: Purpose) {
    let from = even.len();
    even.resize(to, 0.0);
    odd.resize(to, 0.0);
    stream.fill_pairs(from, purpose, 0, &mut even[from..], &mut odd[from..]);
}

impl Latents {
    /// Nothing drawn yet; room for `patients` under `truth`.
    pub fn new(truth: &Truth, patients: usize) -> Self {
        let courses = || truth.arms.iter().flat_map(|arm| &arm.strata).flat_map(|stratum| &stratum.courses);
        let sd = truth.immune_response.as_ref().map_or(0.0, |response| response.prognostic.log_hazard_sd);
        let perfect = truth.immune_response.as_ref().is_none_or(|response| {
            response.assays.iter().all(|assay| assay.sensitivity == 1.0 && assay.specificity == 1.0)
        });
        let products = || truth.arms.iter().flat_map(|arm| &arm.strata).filter_map(|stratum| stratum.product.as_ref());
        let waits = |product: &Product| {
            let delays = product.effects.iter().flatten();
            product.wait.is_random() || delays.into_iter().any(|effect| effect.delay.is_random())
        };
        let progression = courses().any(|course| !course.progression.is_zero());
        let used = Used {
            strata: truth.strata.len() > 1,
            dropout: truth.arms.iter().any(|arm| !arm.dropout.is_zero()),
            progression,
            frailty: sd > 0.0,
            cure: truth
                .arms
                .iter()
                .flat_map(|arm| &arm.strata)
                .any(|stratum| stratum.cured != crate::truth::Cured::default()),
            later: truth.arms.iter().flat_map(|arm| &arm.strata).any(|stratum| stratum.later.is_some()),
            wait: products().any(waits),
            failure: products().any(|product| product.failure > 0.0),
        };
        let assays =
            truth.immune_response.as_ref().map_or(0, |response| if perfect { 0 } else { response.assays.len() });
        let room = |wanted: bool| Vec::with_capacity(if wanted { patients } else { 0 });
        Self {
            used,
            arrival: room(true),
            expected: 0.0,
            place: room(used.strata || used.frailty),
            stratum: Vec::with_capacity(patients),
            death: room(true),
            dropout: room(true),
            progression: room(used.progression),
            after: room(used.progression),
            response: room(true),
            independent: room(used.strata || used.frailty),
            resistance: room(used.frailty),
            cure: room(used.cure),
            spare: room(used.cure),
            therapy: room(used.later),
            crossover: room(used.later),
            wait: room(used.wait),
            delay: room(used.wait),
            failure: room(used.failure),
            spare_failure: room(used.failure),
            readings: (0..assays.div_ceil(2)).map(|_| [room(true), room(true)]).collect(),
        }
    }

    /// Forgets every patient.
    pub fn clear(&mut self) {
        self.expected = 0.0;
        self.stratum.clear();
        for column in [
            &mut self.arrival,
            &mut self.place,
            &mut self.death,
            &mut self.dropout,
            &mut self.progression,
            &mut self.after,
            &mut self.response,
            &mut self.independent,
            &mut self.resistance,
            &mut self.cure,
            &mut self.spare,
            &mut self.therapy,
            &mut self.crossover,
            &mut self.wait,
            &mut self.delay,
            &mut self.failure,
            &mut self.spare_failure,
        ]
        .into_iter()
        .chain(self.readings.iter_mut().flatten())
        {
            column.clear();
        }
    }

    /// Draws arrivals and strata up to `patients` in all.
    ///
    /// A Poisson process of rate λ(t) arrives when its cumulative rate reaches a sum of standard exponentials
    /// (Çınlar 1975, section 4.7); a steady one when it reaches 1, 2, ….
    pub fn draw_arrivals(&mut self, stream: &impl Draws, truth: &Truth, patients: usize) {
        let from = self.arrival.len();
        let poisson = truth.enrollment_process == EnrollmentProcess::Poisson;
        if patients <= from {
            return;
        }
        self.stratum.resize(patients, 0);
        extend_pairs(&mut self.arrival, &mut self.response, patients, stream, Purpose::Enrollment);
        if self.used.strata || self.used.frailty {
            extend_pairs(&mut self.place, &mut self.independent, patients, stream, Purpose::Stratum);
        }
        if self.used.strata {
            for (stratum, &place) in self.stratum[from..].iter_mut().zip(&self.place[from..]) {
                let mut below = 0.0;
                let found = truth.strata.iter().position(|stratum| {
                    below += stratum.prevalence;
                    place < below
                });
                *stratum = found.unwrap_or(truth.strata.len() - 1) as u16;
            }
        }
        if poisson {
            exponentials(&mut self.arrival[from..]);
        }
        for gap in &mut self.arrival[from..] {
            self.expected += if poisson { *gap } else { 1.0 };
            *gap = self.expected;
        }
        if let [rate] = truth.enrollment.rates()[..] {
            for expected in &mut self.arrival[from..] {
                *expected /= rate;
            }
        } else {
            for expected in &mut self.arrival[from..] {
                *expected = truth.enrollment.month_of(*expected);
            }
        }
    }

    /// Draws everything else up to `patients` in all.
    pub fn draw_courses(&mut self, stream: &impl Draws, truth: &Truth, patients: usize) {
        let from = self.death.len();
        if patients <= from {
            return;
        }
        extend_pairs(&mut self.death, &mut self.dropout, patients, stream, Purpose::Death);
        exponentials(&mut self.death[from..]);
        if self.used.dropout {
            exponentials(&mut self.dropout[from..]);
        }
        if self.used.progression {
            extend_pairs(&mut self.progression, &mut self.after, patients, stream, Purpose::Progression);
            exponentials(&mut self.progression[from..]);
            exponentials(&mut self.after[from..]);
        }
        if self.used.frailty {
            self.make_resistance(truth, patients);
        }
        if self.used.cure {
            extend_pairs(&mut self.cure, &mut self.spare, patients, stream, Purpose::Cure);
        }
        if self.used.later {
            extend_pairs(&mut self.therapy, &mut self.crossover, patients, stream, Purpose::LaterTherapy);
        }
        if self.used.wait {
            extend_pairs(&mut self.wait, &mut self.delay, patients, stream, Purpose::Wait);
        }
        if self.used.failure {
            extend_pairs(&mut self.failure, &mut self.spare_failure, patients, stream, Purpose::Failure);
        }
        for (repeat, pair) in self.readings.iter_mut().enumerate() {
            let [even, odd] = pair;
            even.resize(patients, 0.0);
            odd.resize(patients, 0.0);
            stream.fill_pairs(from, Purpose::Assay, repeat as u32, &mut even[from..], &mut odd[from..]);
        }
    }

    /// 1/exp(ξ) with ξ = σ(−ρB + √(1 − ρ²)W) − σ²/2, the law stated in `truth/response.rs`.
    fn make_resistance(&mut self, truth: &Truth, patients: usize) {
        let Some(response) = &truth.immune_response else { return };
        let (rho, sigma) = (response.prognostic.correlation, response.prognostic.log_hazard_sd);
        let independent = (1.0 - rho * rho).max(0.0).sqrt();
        for patient in self.resistance.len()..patients {
            let b = if rho == 0.0 { 0.0 } else { standard_normal(self.response[patient]) };
            let w = if independent == 0.0 { 0.0 } else { standard_normal(self.independent[patient]) };
            let xi = sigma * (independent * w - rho * b) - 0.5 * sigma * sigma;
            self.resistance.push(libm::exp(-xi));
        }
    }
}
