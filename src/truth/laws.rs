//! From a truth to the laws of its endpoints: classes of patients, and the numbers checked.

use crate::invalid::{Invalid, require};
use crate::survival::{Class, Course, Endpoint, EndpointLaw, Family, Frailty};
use crate::truth::{ArmStratum, Cured, Truth};

/// One class of patients of one arm and stratum: true response, cures and later therapy known, frailty a law.
#[derive(Debug, Clone, PartialEq)]
pub struct PatientClass {
    /// Whether the patients are true immune responders.
    pub responder: bool,
    /// Share of the stratum's patients, course and frailty.
    pub class: Class,
}

/// The patients of one arm, in one stratum or in all.
#[derive(Debug, Clone, Default)]
pub(super) struct Patients {
    /// Those whose course is known.
    classes: Vec<PatientClass>,
    /// Those who wait for a product or its effect, with their true response.
    families: Vec<(bool, Family)>,
}

impl Patients {
    fn add(&mut self, other: Self, share: f64) {
        self.classes.extend(other.classes.into_iter().map(|mut part| {
            part.class.weight *= share;
            part
        }));
        self.families.extend(other.families.into_iter().map(|(responder, mut family)| {
            family.weight *= share;
            (responder, family)
        }));
    }

    /// The law of `endpoint` over those of true response `responder`, or over all; `None` if there are none.
    pub(super) fn law(&self, endpoint: Endpoint, responder: Option<bool>) -> Result<Option<EndpointLaw>, Invalid> {
        let counts = |of: bool| responder.is_none_or(|wanted| wanted == of);
        let classes = self.classes.iter().filter(|part| counts(part.responder)).map(|part| part.class.clone());
        let families = self.families.iter().filter(|part| counts(part.0)).map(|part| part.1.clone());
        let (classes, families): (Vec<Class>, Vec<Family>) = (classes.collect(), families.collect());
        if classes.is_empty() && families.is_empty() {
            return Ok(None);
        }
        EndpointLaw::with_families(&classes, &families, endpoint).map(Some)
    }

    /// Share of true responders.
    pub(super) fn responders(&self) -> f64 {
        let classes = self.classes.iter().filter(|part| part.responder).map(|part| part.class.weight);
        classes.chain(self.families.iter().filter(|part| part.0).map(|part| part.1.weight)).sum()
    }

    /// All as finitely many classes, see [`crate::survival::Treatment::classes`].
    pub(super) fn into_classes(self) -> Result<Vec<PatientClass>, Invalid> {
        let mut classes = self.classes;
        for (responder, Family { weight, treatment, frailty }) in self.families {
            for (share, course) in treatment.classes()? {
                let class = Class { weight: weight * share, course, frailty: frailty.clone() };
                classes.push(PatientClass { responder, class });
            }
        }
        Ok(classes)
    }
}

/// No patient has a positive weight.
const NOBODY: Invalid = Invalid { what: "share of patients", value: 0.0, rule: "it must be above 0" };

impl Truth {
    /// Verifies every number and every length.
    ///
    /// # Errors
    /// [`Invalid`] names the first number out of range.
    pub fn check(&self) -> Result<(), Invalid> {
        require(!self.strata.is_empty(), "number of strata", 0.0, "there must be at least one")?;
        require(!self.arms.is_empty(), "number of arms", 0.0, "there must be at least one")?;
        let mut total = 0.0;
        for stratum in &self.strata {
            let share = stratum.prevalence;
            total += require(share > 0.0 && share <= 1.0, "prevalence", share, "it must be above 0 and at most 1")?;
        }
        require((total - 1.0).abs() <= 1e-9, "sum of prevalences", total, "it must be 1")?;
        if let Some(response) = &self.immune_response {
            response.check()?;
        }
        for arm in &self.arms {
            let strata = arm.strata.len();
            require(strata == self.strata.len(), "strata of an arm", strata as f64, "there must be one per stratum")?;
            for stratum in &arm.strata {
                self.check_stratum(stratum)?;
            }
        }
        Ok(())
    }

    fn check_stratum(&self, stratum: &ArmStratum) -> Result<(), Invalid> {
        let rate = stratum.response_rate;
        require((0.0..=1.0).contains(&rate), "response rate", rate, "it must be in [0, 1]")?;
        require(
            self.immune_response.is_some() || rate == 0.0,
            "response rate",
            rate,
            "it must be 0 in a truth without immune response",
        )?;
        let Cured { progression, death, death_after_progression } = stratum.cured;
        for share in [progression, death, death_after_progression] {
            require((0.0..1.0).contains(&share), "cured share", share, "it must be at least 0 and below 1")?;
        }
        if let Some(later) = &stratum.later {
            for course in &stratum.courses {
                later.histories(course)?;
            }
        }
        if let Some(product) = &stratum.product {
            product.check(&stratum.courses)?;
        }
        for course in &stratum.courses {
            let month = course.product_at;
            require(month == 0.0, "arrival of the product", month, "a wait belongs to the stratum's product")?;
        }
        if !self.has_progression {
            for course in &stratum.courses {
                let rate = course.progression.rates().iter().copied().fold(0.0, f64::max);
                require(rate == 0.0, "hazard of progression", rate, "it must be 0 in a truth without progression")?;
            }
        }
        Ok(())
    }

    /// The classes of patients of `arm` in `stratum`, by true response and cure; their weights sum to 1.
    ///
    /// Cures: one uniform U per patient; cured of a transition where U is below its cured share. The shares cut [0, 1]
    /// into at most four classes. Response and frailty are independent of U. Each is divided by what its patients receive
    /// after progression ([`crate::truth::Later`]). A class without patients is left out. Patients who wait for a product
    /// or its effect are as many classes as keep survival within about 1e-5.
    ///
    /// # Errors
    /// [`Invalid`] for an index out of range or a number out of range.
    pub fn classes(&self, arm: usize, stratum: usize) -> Result<Vec<PatientClass>, Invalid> {
        self.patients(arm, stratum)?.into_classes()
    }

    /// The patients of `arm` in `stratum`, see [`Truth::classes`]; their weights sum to 1.
    fn patients(&self, arm: usize, stratum: usize) -> Result<Patients, Invalid> {
        let part = self.part(arm, stratum)?;
        let rate = part.response_rate;
        let frailties = match &self.immune_response {
            Some(response) => {
                let prognostic = response.prognostic;
                Frailty::given_response(prognostic.correlation, prognostic.log_hazard_sd, rate)?
            }
            None => [Frailty::none(), Frailty::none()],
        };
        let cured = part.cured;
        let mut edges = vec![0.0, cured.progression, cured.death, cured.death_after_progression, 1.0];
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let mut patients = Patients::default();
        for ((course, frailty), (share, responder)) in
            part.courses.iter().zip(&frailties).zip([(1.0 - rate, false), (rate, true)])
        {
            for edge in edges.windows(2) {
                let weight = share * (edge[1] - edge[0]);
                if weight <= 0.0 {
                    continue;
                }
                let is_cured = |of: f64| edge[0] < of;
                let course = course.cured_of(
                    is_cured(cured.progression),
                    is_cured(cured.death),
                    is_cured(cured.death_after_progression),
                );
                let mut add = |weight: f64, course: Course| {
                    let mut without = weight;
                    if let Some(product) = &part.product {
                        without = weight * product.failure;
                        let treatment = product.treatment(&course, responder);
                        let family = Family { weight: weight - without, treatment, frailty: frailty.clone() };
                        if family.weight > 0.0 {
                            patients.families.push((responder, family));
                        }
                    }
                    if without > 0.0 {
                        let class = Class { weight: without, course, frailty: frailty.clone() };
                        patients.classes.push(PatientClass { responder, class });
                    }
                };
                match &part.later {
                    Some(later) => {
                        later.histories(&course)?.into_iter().for_each(|(share, course)| add(weight * share, course));
                    }
                    None => add(weight, course),
                }
            }
        }
        Ok(patients)
    }

    /// The marginal law of `endpoint` in `arm` and `stratum`, over response, frailty and cure.
    ///
    /// # Errors
    /// [`Invalid`] for an index out of range, or PFS in a truth without progression.
    pub fn law(&self, arm: usize, stratum: usize, endpoint: Endpoint) -> Result<EndpointLaw, Invalid> {
        self.require_endpoint(endpoint)?;
        self.patients(arm, stratum)?.law(endpoint, None)?.ok_or(NOBODY)
    }

    /// The law of `endpoint` among true responders (or non-responders) of `arm` and `stratum`; `None` if there are none.
    ///
    /// # Errors
    /// As [`Truth::law`].
    pub fn law_by_response(
        &self,
        arm: usize,
        stratum: usize,
        endpoint: Endpoint,
        responder: bool,
    ) -> Result<Option<EndpointLaw>, Invalid> {
        self.require_endpoint(endpoint)?;
        self.patients(arm, stratum)?.law(endpoint, Some(responder))
    }

    /// The marginal law of `endpoint` in `arm` over all strata by prevalence.
    ///
    /// # Errors
    /// As [`Truth::law`].
    pub fn population_law(&self, arm: usize, endpoint: Endpoint) -> Result<EndpointLaw, Invalid> {
        self.require_endpoint(endpoint)?;
        self.population(arm)?.law(endpoint, None)?.ok_or(NOBODY)
    }

    /// The patients of `arm` over all strata; weights sum to 1.
    pub(super) fn population(&self, arm: usize) -> Result<Patients, Invalid> {
        let mut all = Patients::default();
        for (index, stratum) in self.strata.iter().enumerate() {
            all.add(self.patients(arm, index)?, stratum.prevalence);
        }
        Ok(all)
    }

    /// Hazard ratio of `arm` against the control (arm 0) at `month`, marginal over strata, response, frailty and cure;
    /// `None` where the control has no hazard.
    ///
    /// # Errors
    /// As [`Truth::law`].
    pub fn hazard_ratio(&self, arm: usize, endpoint: Endpoint, month: f64) -> Result<Option<f64>, Invalid> {
        let control = self.population_law(0, endpoint)?.hazard(month);
        let treated = self.population_law(arm, endpoint)?.hazard(month);
        Ok(if control > 0.0 { Some(treated / control) } else { None })
    }

    /// The law of `endpoint` — or of death, where the truth has no progression — that makes a reading missing.
    pub(super) fn first_event(&self) -> Endpoint {
        if self.has_progression { Endpoint::Pfs } else { Endpoint::Os }
    }

    pub(super) fn part(&self, arm: usize, stratum: usize) -> Result<&ArmStratum, Invalid> {
        let found = self.arms.get(arm).ok_or(Invalid {
            what: "arm",
            value: arm as f64,
            rule: "the truth has no arm of this number",
        })?;
        found.strata.get(stratum).ok_or(Invalid {
            what: "stratum",
            value: stratum as f64,
            rule: "the truth has no stratum of this number",
        })
    }

    fn require_endpoint(&self, endpoint: Endpoint) -> Result<(), Invalid> {
        require(
            endpoint.is_death() || self.has_progression,
            "hazard of progression",
            0.0,
            "progression-free survival needs a truth with progression",
        )?;
        Ok(())
    }
}
