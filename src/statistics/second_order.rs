//! Mean of a standardised statistic beyond its limit: the term of order 1/√n.
//!
//! Symbols as in [`Expectation`]; Z = √n ê/√v̂ with limits e, v; ν_i the influence of v̂; N_i, D as there; primes are derivatives
//! in the calendar month t.
//!
//! **At a fixed month**, with B_e, B_v = n times the biases of ê and v̂, the expansion of ê v̂^{−½} to second order gives
//!
//! √n {E Z − √n m} = B_e/√v − e B_v/(2v^{3/2}) − ½ Cov(e_i, ν_i)/v^{3/2} + ⅜ e Var(ν_i)/v^{5/2},
//!
//! or, as ζ = e_i/√v − e ν_i/(2v^{3/2}), the last two as −½ Cov(ζ, ν)/v + ⅛ e Var(ν)/v^{5/2}. Half of what the random end of a Poisson
//! stream of entries adds to the mean of ζ ([`Tabulation::end_of_enrolment`]) comes to it.
//!
//! **Under the null** all of it is 0 but −½ Cov(e_i, ν_i)/v^{3/2}, which is left where the arms differ in size or drop-out. It goes with a
//! skewness of Z of the same order. The canonical law, from which bounds are computed and by which the level is held, knows neither;
//! what both amount to under the null is therefore not counted under an alternative either: the covariance's null value is taken off.
//!
//! **At the event that brings the count to nD(t)**, month T = t + ε: T is a stopping time. Write dZ = α_Z dt + dM, and the same
//! for the count. E M(T) = E M(t) whether T comes before or after t, hence E Z(T) = E Z(t) + E ∫ₜᵀ α_Z, and the same for the
//! count, whose left side is known. With α = α's limit + α̃ and ε ≈ −(N̄ − D)/D' inside what is of second order,
//!
//! √n {E Z(T) − E Z(t)} = −(m'/D')·B_N + ½(m'' − m'D''/D')·Var(N_i)/D'² − {Cov(α̃_Z, N) − (m'/D')·Cov(α̃_N, N)}/D',
//!
//! B_N what the end of enrolment adds to the count. α̃ has the influence of the rate at which ζ_i grows in a patient now at risk
//! ([`Tabulation::rate_with_events`]) and of dζ/dt of what has happened: −½(v'/v) ζ + ½(e v'/v^{5/2} − e'/v^{3/2}) ν, and the turning of
//! weights or curves that go on being estimated.

use crate::statistics::{Expectation, Influence, LookExpectation, Parts, Timing};

impl Expectation {
    /// √n·{E Z − √n m}: what joins the mean of one test at one look, divided by √n. `fixed` is ζ with the month taken as fixed.
    pub(super) fn shift(&self, test: &LookExpectation, look: usize, timing: Timing, fixed: &Influence) -> f64 {
        let table = self.table();
        let influence = |parts: &Parts| table.influence(look, parts.clone());
        let second = &test.second_order;
        let (e, v) = (test.effect, test.variance);
        let variance = influence(&second.variance);
        let own = second.bias[0] / v.sqrt()
            - 0.5 * e * second.bias[1] / v.powf(1.5)
            - 0.5 * table.covariance(fixed, &variance) / v
            + 0.5 * second.null_covariance / v.powf(1.5)
            + 0.125 * e * table.covariance(&variance, &variance) / v.powf(2.5)
            + 0.5 * table.end_of_enrolment(fixed);
        let [_, rate] = self.events[look];
        if timing == Timing::Calendar || rate <= 0.0 {
            return own;
        }
        let events = table.counted(look, 1.0, 0.0);
        let clock = test.slope() / rate;
        let turned = second.turning.as_ref().map_or(0.0, |turning| table.covariance(&influence(turning), &events));
        let [slope, growth] = test.slopes;
        let moving = table.rate_with_events(fixed, &events) + turned
            - 0.5 * growth / v * table.covariance(fixed, &events)
            + 0.5 * (e * growth / v.powf(2.5) - slope / v.powf(1.5)) * table.covariance(&variance, &events);
        let counting = table.rate_with_events(&events, &events);
        let bend = test.curvature() - clock * table.rate_of_events(look);
        own - 0.5 * clock * table.end_of_enrolment(&events)
            + 0.5 * bend * table.covariance(&events, &events) / (rate * rate)
            - (moving - clock * counting) / rate
    }
}
