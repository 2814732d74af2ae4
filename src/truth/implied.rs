//! What a truth implies and nobody writes down: response rates as the assays see them, correlations.

use crate::invalid::Invalid;
use crate::numerics::normal;
use crate::survival::{Class, Endpoint, joint_moments};
use crate::truth::{Missing, Truth};

/// What becomes of the immune response reading in one arm (and stratum, or over all).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ObservedResponse {
    /// True response rate.
    pub true_rate: f64,
    /// Probability that the reading is missing: event or drop-out before it, where the truth says that this matters.
    pub missing: f64,
    /// Probability of a positive reading; a missing reading is not positive (intention to treat).
    pub positive: f64,
    /// Probability of a true response and a positive reading.
    pub true_positive: f64,
}

impl ObservedResponse {
    /// Positive rate among those with a reading (landmark); `None` if nobody has one.
    pub fn positive_of_read(&self) -> Option<f64> {
        if self.missing < 1.0 { Some(self.positive / (1.0 - self.missing)) } else { None }
    }

    /// Share of patients who count in the trial's response rate.
    pub fn counted(&self, missing: Missing) -> f64 {
        match missing {
            Missing::NonResponse => 1.0,
            Missing::LeftOut => 1.0 - self.missing,
        }
    }

    /// The response rate as the trial counts it; 0 if nobody counts.
    pub fn rate(&self, missing: Missing) -> f64 {
        match missing {
            Missing::NonResponse => self.positive,
            Missing::LeftOut => self.positive_of_read().unwrap_or(0.0),
        }
    }

    /// Share of true responders among the positive; `None` if nobody is positive.
    pub fn positive_predictive_value(&self) -> Option<f64> {
        if self.positive > 0.0 { Some(self.true_positive / self.positive) } else { None }
    }
}

/// Individual-level correlations in one arm, over all strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Correlations {
    /// Pearson correlation of PFS and OS without censoring; `None` without progression or where a moment is infinite.
    pub pfs_os: Option<f64>,
    /// Pearson correlation of true response with being without progression or death at the milestone.
    pub response_first_event_milestone: Option<f64>,
    /// Pearson correlation of true response with being alive at the milestone.
    pub response_os_milestone: Option<f64>,
    /// Pearson correlation of true response with good prognosis, −ξ: within a stratum ρφ(c)/√(q(1 − q)).
    pub response_prognosis: Option<f64>,
}

impl Truth {
    /// The reading in `arm` and `stratum`; `None` without an immune response.
    ///
    /// With q the true rate, L the month of the reading, `S_r` survival from the first event given response r, `S_C` from
    /// drop-out, P(+|r) from the assays: `positive = Σ_r P(r)·S_r(L)·S_C(L)·P(+|r)`, `missing = 1 − Σ_r P(r)·S_r(L)·S_C(L)`;
    /// the factors S are 1 where a reading is never missing.
    ///
    /// # Errors
    /// [`Invalid`] for an index or a number out of range.
    pub fn observed_response(&self, arm: usize, stratum: usize) -> Result<Option<ObservedResponse>, Invalid> {
        let Some(response) = &self.immune_response else {
            return Ok(None);
        };
        let rate = self.part(arm, stratum)?.response_rate;
        let reading = response.reading();
        let stays =
            if response.missing_if_event_before { self.arms[arm].dropout.survival(response.measured_at) } else { 1.0 };
        let mut seen = ObservedResponse { true_rate: rate, missing: 1.0, positive: 0.0, true_positive: 0.0 };
        for (share, responder, positive) in
            [(rate, true, reading.sensitivity), (1.0 - rate, false, 1.0 - reading.specificity)]
        {
            let mut read = share * stays;
            if response.missing_if_event_before
                && let Some(law) = self.law_by_response(arm, stratum, self.first_event(), responder)?
            {
                read *= law.survival(response.measured_at);
            }
            seen.missing -= read;
            seen.positive += read * positive;
            if responder {
                seen.true_positive = read * positive;
            }
        }
        seen.missing = seen.missing.max(0.0);
        Ok(Some(seen))
    }

    /// The reading in `arm` over all strata by prevalence; `None` without an immune response.
    ///
    /// # Errors
    /// As [`Truth::observed_response`].
    pub fn observed_response_overall(&self, arm: usize) -> Result<Option<ObservedResponse>, Invalid> {
        let mut sum = ObservedResponse { true_rate: 0.0, missing: 0.0, positive: 0.0, true_positive: 0.0 };
        for (index, stratum) in self.strata.iter().enumerate() {
            let Some(part) = self.observed_response(arm, index)? else {
                return Ok(None);
            };
            sum.true_rate += stratum.prevalence * part.true_rate;
            sum.missing += stratum.prevalence * part.missing;
            sum.positive += stratum.prevalence * part.positive;
            sum.true_positive += stratum.prevalence * part.true_positive;
        }
        Ok(Some(sum))
    }

    /// Correlations in `arm`, with survival cut at `milestone` months.
    ///
    /// Response against survival at m: (P(R, T > m) − P(R)P(T > m))/√(P(R)(1 − P(R))·S(m)(1 − S(m))), exact. Strata add
    /// to every correlation what they share.
    ///
    /// # Errors
    /// [`Invalid`] for an index or a number out of range.
    pub fn correlations(&self, arm: usize, milestone: f64) -> Result<Correlations, Invalid> {
        let patients = self.population(arm)?;
        let rate = patients.responders();
        let at_milestone = |endpoint: Endpoint| -> Result<Option<f64>, Invalid> {
            if rate <= 0.0 || rate >= 1.0 {
                return Ok(None);
            }
            let alive = |responder: Option<bool>| -> Result<Option<f64>, Invalid> {
                Ok(patients.law(endpoint, responder)?.map(|law| law.survival(milestone)))
            };
            let (Some(survival), Some(given)) = (alive(None)?, alive(Some(true))?) else { return Ok(None) };
            let spread = rate * (1.0 - rate) * survival * (1.0 - survival);
            Ok(if spread > 0.0 { Some(rate * (given - survival) / spread.sqrt()) } else { None })
        };
        let response_first_event_milestone = at_milestone(self.first_event())?;
        let response_os_milestone = at_milestone(Endpoint::Os)?;
        let pfs_os = if self.has_progression {
            let all: Vec<Class> = patients.into_classes()?.into_iter().map(|part| part.class).collect();
            joint_moments(&all)?.map(|moments| moments.correlation())
        } else {
            None
        };
        Ok(Correlations {
            pfs_os,
            response_first_event_milestone,
            response_os_milestone,
            response_prognosis: self.response_prognosis(arm, rate)?,
        })
    }

    /// cov(R, −ξ)/σ = Σₖ ρₖ·ρφ(cₖ), since E[B·1(B > c)] = φ(c) and ξ has mean −σ²/2 in every stratum.
    fn response_prognosis(&self, arm: usize, rate: f64) -> Result<Option<f64>, Invalid> {
        let Some(response) = &self.immune_response else {
            return Ok(None);
        };
        let prognostic = response.prognostic;
        if prognostic.log_hazard_sd == 0.0 || rate <= 0.0 || rate >= 1.0 {
            return Ok(None);
        }
        let mut covariance = 0.0;
        for (index, stratum) in self.strata.iter().enumerate() {
            let cut = normal::quantile(self.part(arm, index)?.response_rate);
            if cut.is_finite() {
                covariance += stratum.prevalence * prognostic.correlation * normal::pdf(cut);
            }
        }
        Ok(Some(covariance / (rate * (1.0 - rate)).sqrt()))
    }
}
