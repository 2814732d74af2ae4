//! Raw truth → [`Truth`], resolved for the arms of one protocol.

use super::hazard::{effect, hazard, starts};
use super::later::{Later, all_later};
use super::product::{EffectsAt, KEYS, product};
use super::{length, unique};
use crate::scenario::fault::{At, Checked};
use crate::scenario::limits;
use crate::scenario::raw::arm::{Arm, Effects, ResponseRate};
use crate::scenario::raw::hazard::{Clock as RawClock, Effect};
use crate::scenario::raw::shape::Form;
use crate::scenario::raw::truth as raw;
use crate::scenario::suggest;
use crate::survival::{Clock, ConstantHazards, Course, HazardRatio, PiecewiseHazard, Unreachable};
use crate::truth::{
    ArmStratum, ArmTruth, Assay, Cured, Enrollment, EnrollmentProcess, ImmuneResponse, Missing, PositiveRule,
    Prognostic, Stratum, Toxicity, Truth,
};

/// Name of the control arm.
pub(crate) const CONTROL: &str = "control";

/// A truth with the arms of one protocol, the control first; `at` is the truth's place.
pub(crate) fn truth(raw: &raw::Truth, arms: &[String], at: &At<'_>) -> Checked<Truth> {
    at.refuse("assessment", raw.assessment.as_ref(), "visits at which progression is seen")?;

    let enrollment = enrollment(raw, &at.key("enrollment"))?;
    let strata = strata(raw, &at.key("strata"))?;
    let control = control(&raw.control, &at.key("control"))?;
    let immune_response = raw
        .immune_response
        .as_ref()
        .map(|response| immune_response(response, &at.key("immune_response")))
        .transpose()?;
    all_arms(raw, at)?;
    all_later(raw, at)?;

    let toxicity = toxicity(raw, arms, at)?;
    let context = Context { raw, strata: &strata, control: &control };
    let arms = arms
        .iter()
        .map(|name| {
            let dropout = dropout(raw.dropout.as_ref(), name, &at.key("dropout"))?;
            let strata =
                (0..strata.len()).map(|stratum| context.arm_stratum(name, stratum, at)).collect::<Checked<_>>()?;
            Ok(ArmTruth { name: name.clone(), dropout, strata })
        })
        .collect::<Checked<_>>()?;

    Ok(Truth {
        enrollment,
        enrollment_process: match raw.enrollment_process {
            None | Some(raw::EnrollmentProcess::Poisson) => EnrollmentProcess::Poisson,
            Some(raw::EnrollmentProcess::Steady) => EnrollmentProcess::Steady,
        },
        strata: strata.into_iter().map(|stratum| stratum.public).collect(),
        arms,
        immune_response,
        toxicity,
        has_progression: raw.control.has_progression(),
    })
}

/// Probabilities of toxicity by arm; an arm that names none has the control's.
fn toxicity(raw: &raw::Truth, arms: &[String], at: &At<'_>) -> Checked<Option<Toxicity>> {
    let Some(toxicity) = &raw.toxicity else {
        return match raw.arms.iter().find(|(_, arm)| arm.toxicity.is_some()) {
            Some((name, _)) => {
                let rule = "`toxicity` of an arm needs `toxicity` of the truth, which is absent";
                Err(at.key("arms").key(name).key("toxicity").fail(rule))
            }
            None => Ok(None),
        };
    };
    let control = toxicity.control_rate.get();
    let rate = |name: &String| raw.arms.get(name).and_then(|arm| arm.toxicity).map_or(control, |own| own.rate.get());
    let rates = arms.iter().map(rate).collect();
    Ok(Some(Toxicity { measured_at: toxicity.measured_at.into(), rates }))
}

fn enrollment(raw: &raw::Truth, at: &At<'_>) -> Checked<Enrollment> {
    let months = |piece: &raw::EnrollmentPiece| piece.months.map(f64::from);
    let starts = starts(&raw.enrollment, months, at)?;
    let rates: Vec<f64> = raw.enrollment.iter().map(|piece| piece.per_month.get()).collect();
    if let Some(0.0) = rates.last() {
        return Err(at
            .index(rates.len() - 1)
            .key("per_month")
            .fail("must be above 0 in the last piece, which is open-ended"));
    }
    Enrollment::new(&starts, &rates).map_err(|invalid| at.invalid(&invalid))
}

/// The drop-out hazard of one arm.
fn dropout(raw: Option<&raw::Dropout>, arm: &str, at: &At<'_>) -> Checked<PiecewiseHazard> {
    let Some(raw) = raw else { return Ok(PiecewiseHazard::zero()) };
    let per_arm = at.key(arm);
    let (raw, at) = if let Some(all) = &raw.all {
        (all, at)
    } else {
        let missing = || per_arm.fail("drop-out given per arm needs every arm");
        (raw.arms.get(arm).ok_or_else(missing)?, &per_arm)
    };
    let (made, cured) = hazard(raw, at)?;
    if cured > 0.0 {
        return Err(at.key("cured").fail("`cured` has no meaning for drop-out"));
    }
    Ok(made)
}

/// A stratum with its baseline ratios: progression, death, death after progression.
struct CheckedStratum {
    public: Stratum,
    ratios: [f64; 3],
}

fn strata(raw: &raw::Truth, at: &At<'_>) -> Checked<Vec<CheckedStratum>> {
    let Some(list) = &raw.strata else {
        let public = Stratum { name: "all".to_owned(), prevalence: 1.0 };
        return Ok(vec![CheckedStratum { public, ratios: [1.0; 3] }]);
    };
    length(list, 1, limits::STRATA, "strata", at)?;
    unique(list.iter().map(|stratum| stratum.name.as_str()), ("a stratum", "strata"), |i, rule| {
        at.index(i).key("name").fail(rule)
    })?;
    let total: f64 = list.iter().map(|stratum| stratum.prevalence.get()).sum();
    if (total - 1.0).abs() > 1e-9 {
        return Err(at.fail(format!("prevalences must sum to 1, they sum to {total}")));
    }
    let has_progression = raw.control.has_progression();
    list.iter()
        .enumerate()
        .map(|(index, stratum)| {
            let here = at.index(index);
            let ratios = stratum.hazard_ratio.clone().unwrap_or_default();
            let here = here.key("hazard_ratio");
            needs_progression(has_progression, ratios.progression.as_ref(), "progression", &here)?;
            needs_progression(
                has_progression,
                ratios.death_after_progression.as_ref(),
                "death_after_progression",
                &here,
            )?;
            let ratios = [ratios.progression, ratios.death, ratios.death_after_progression];
            Ok(CheckedStratum {
                public: Stratum { name: stratum.name.clone(), prevalence: stratum.prevalence.get() },
                ratios: ratios.map(|ratio| ratio.map_or(1.0, f64::from)),
            })
        })
        .collect()
}

pub(super) fn needs_progression<T>(has_progression: bool, value: Option<&T>, key: &str, at: &At<'_>) -> Checked<()> {
    if value.is_some() && !has_progression {
        return Err(at.key(key).fail(format!("`{key}` needs `control.progression`, which is absent")));
    }
    Ok(())
}

/// Hazards of the control course, and its cured fractions.
struct Control {
    hazards: [PiecewiseHazard; 3],
    clock: Clock,
    cured: Cured,
}

fn control(raw: &raw::Control, at: &At<'_>) -> Checked<Control> {
    if raw.medians.is_some() || raw.correlation.is_some() {
        return solved(raw, at);
    }
    let death = raw.death.as_ref().ok_or_else(|| at.key("death").fail("`death` is required"))?;
    let (death, death_cured) = hazard(death, &at.key("death"))?;
    let after_at = at.key("death_after_progression");
    let (progression, after) = match (&raw.progression, &raw.death_after_progression) {
        (Some(progression), Some(after)) => (Some(hazard(progression, &at.key("progression"))?), Some(after)),
        (None, None) => (None, None),
        (Some(_), None) => {
            return Err(after_at.fail("`death_after_progression` is required where there is `progression`"));
        }
        (None, Some(_)) => {
            return Err(after_at.fail("`death_after_progression` needs `progression`, which is absent"));
        }
    };
    let never = || (PiecewiseHazard::zero(), 0.0);
    let (progression, progression_cured) = progression.unwrap_or_else(never);
    let (after_hazard, after_cured) =
        after.map(|after| hazard(&after.hazard(), &after_at)).transpose()?.unwrap_or_else(never);
    let clock = match after.and_then(|after| after.clock) {
        None | Some(RawClock::SinceProgression) => Clock::SinceProgression,
        Some(RawClock::SinceRandomization) => Clock::SinceRandomization,
    };
    Ok(Control {
        hazards: [progression, death, after_hazard],
        clock,
        cured: Cured { progression: progression_cured, death: death_cured, death_after_progression: after_cured },
    })
}

/// Constant hazards from medians and a correlation.
fn solved(raw: &raw::Control, at: &At<'_>) -> Checked<Control> {
    let hazards = [
        ("progression", raw.progression.is_some()),
        ("death", raw.death.is_some()),
        ("death_after_progression", raw.death_after_progression.is_some()),
    ];
    if let Some((key, _)) = hazards.iter().find(|(_, there)| *there) {
        let fault = at.key(key).fail("a control has hazards, or `medians` with `correlation`, not both");
        return Err(fault.hint("a patch removes the hazards with null"));
    }
    let (medians_at, correlation_at) = (at.key("medians"), at.key("correlation"));
    let medians = raw.medians.as_ref().ok_or_else(|| medians_at.fail("`correlation` needs `medians` beside it"))?;
    let correlation = raw.correlation.ok_or_else(|| {
        let fault = correlation_at.fail("`medians` needs `correlation` beside it, that of PFS and OS");
        fault.hint("two medians leave open how many die without progression; the correlation settles it")
    })?;
    let (pfs, os) = (medians.pfs.get(), medians.os.get());
    let hazards =
        ConstantHazards::from_medians(pfs, os, correlation.get()).map_err(|unreachable| match unreachable {
            Unreachable::Medians => medians_at
                .key("os")
                .fail(format!("must be above the median of PFS, {pfs}, by more than a rounding error")),
            Unreachable::Correlation { largest } => {
                // Rounded down, so that the figure shown is itself in the range.
                let shown = (largest * 1e4).floor() / 1e4;
                let rule = "no constant hazards have these medians and this correlation of PFS and OS";
                correlation_at.fail(rule).hint(format!("with medians {pfs} and {os} it is above 0 and at most {shown}"))
            }
        })?;
    let constant = |rate: f64| PiecewiseHazard::constant(rate).map_err(|invalid| at.invalid(&invalid));
    Ok(Control {
        hazards: [constant(hazards.progression)?, constant(hazards.death)?, constant(hazards.death_after_progression)?],
        clock: Clock::SinceProgression,
        cured: Cured::default(),
    })
}

fn immune_response(raw: &raw::ImmuneResponse, at: &At<'_>) -> Checked<ImmuneResponse> {
    let assays_at = at.key("assays");
    let assays = match &raw.assays {
        None => vec![Assay { name: "perfect".to_owned(), sensitivity: 1.0, specificity: 1.0 }],
        Some(list) => {
            length(list, 1, limits::ASSAYS, "assays", &assays_at)
                .map_err(|fault| fault.hint("leave `assays` out for one assay without error"))?;
            let fail = |index: usize, rule| assays_at.index(index).key("name").fail(rule);
            unique(list.iter().map(|assay| assay.name.as_str()), ("an assay", "assays"), fail)?;
            list.iter()
                .map(|assay| Assay {
                    name: assay.name.clone(),
                    sensitivity: assay.sensitivity.get(),
                    specificity: assay.specificity.get(),
                })
                .collect()
        }
    };
    let positive_if = match &raw.positive_if {
        None | Some(Form::Short(raw::PositiveName::Any)) => PositiveRule::Any,
        Some(Form::Short(raw::PositiveName::All)) => PositiveRule::All,
        Some(Form::Full(rule)) if rule.at_least.index() > assays.len() => {
            let rule = format!("must be at most the number of assays, {}", assays.len());
            return Err(at.key("positive_if").key("at_least").fail(rule));
        }
        Some(Form::Full(rule)) => PositiveRule::AtLeast(rule.at_least.index()),
    };
    let prognostic = raw.prognostic.as_ref().map_or_else(Prognostic::default, |prognostic| Prognostic {
        correlation: prognostic.correlation.get(),
        log_hazard_sd: prognostic.log_hazard_sd.get(),
    });
    Ok(ImmuneResponse {
        measured_at: raw.measured_at.get(),
        prognostic,
        assays,
        positive_if,
        missing_if_event_before: raw.missing_if_event_before.unwrap_or(true),
        missing: match raw.missing {
            None | Some(raw::Missing::NonResponse) => Missing::NonResponse,
            Some(raw::Missing::LeftOut) => Missing::LeftOut,
        },
    })
}

/// Checks what does not depend on one arm and stratum: names of arms and strata, and what each arm may not have.
fn all_arms(raw: &raw::Truth, at: &At<'_>) -> Checked<()> {
    let arms_at = at.key("arms");
    if raw.arms.is_empty() {
        return Err(arms_at.fail("must describe at least one experimental arm"));
    }
    if raw.arms.contains_key(CONTROL) {
        return Err(arms_at.key(CONTROL).fail("the control arm is described by `control`, not among `arms`"));
    }
    let names: Vec<&str> = raw.strata.iter().flatten().map(|stratum| stratum.name.as_str()).collect();
    for (name, arm) in &raw.arms {
        let here = arms_at.key(name);
        let strata_at = here.key("strata");
        for stratum in arm.strata.iter().flat_map(indexmap::IndexMap::keys) {
            if !names.contains(&stratum.as_str()) {
                let fault = strata_at.key(stratum).fail(format!("no stratum is named `{stratum}`"));
                return Err(fault.maybe_hint(suggest::hint(stratum, "strata", &names)));
            }
        }
    }
    if let Some(dropout) = &raw.dropout {
        let here = at.key("dropout");
        let known: Vec<&str> = std::iter::once(CONTROL).chain(raw.arms.keys().map(String::as_str)).collect();
        if let (Some(_), Some(name)) = (&dropout.all, dropout.arms.keys().next()) {
            let fault = here.key(name).fail("unknown key").hint("drop-out is one hazard for all arms, or one per arm");
            return Err(fault);
        }
        if dropout.all.is_none() && dropout.arms.is_empty() {
            return Err(here.fail("needs a hazard, or one hazard per arm"));
        }
        if let Some(name) = dropout.arms.keys().find(|name| !known.contains(&name.as_str())) {
            let fault = here.key(name).fail(format!("no arm is named `{name}`"));
            return Err(fault.maybe_hint(suggest::hint(name, "arms", &known)));
        }
    }
    Ok(())
}

/// What the courses of an arm are made of.
struct Context<'a> {
    raw: &'a raw::Truth,
    strata: &'a [CheckedStratum],
    control: &'a Control,
}

impl Context<'_> {
    fn arm_stratum(&self, name: &str, stratum: usize, at: &At<'_>) -> Checked<ArmStratum> {
        let none = Effects::default();
        let arms_at = at.key("arms");
        let arm_at = arms_at.key(name);
        let arm = self.raw.arms.get(name);
        let stratum_name = self.strata[stratum].public.name.as_str();
        let special = arm.and_then(|arm| arm.strata.as_ref()).and_then(|strata| strata.get(stratum_name));
        let special_at = arm_at.key("strata");
        let special_at = special_at.key(stratum_name);

        let (effects, effects_at) = match special.and_then(|special| special.effect.as_ref()) {
            Some(effects) => (effects, &special_at),
            None => (arm.and_then(|arm| arm.effect.as_ref()).unwrap_or(&none), &arm_at),
        };
        let effects_at = effects_at.key("effect");
        let classes = self.by_response(effects, &effects_at)?;
        let has_progression = self.raw.control.has_progression();
        for class in &classes {
            class.at(&effects_at, |at| {
                needs_progression(has_progression, class.effects[0], KEYS[0], at)?;
                needs_progression(has_progression, class.effects[2], KEYS[2], at)
            })?;
        }
        let manufacturing = arm.and_then(|arm| arm.manufacturing.as_ref());
        let product = product(&classes, &effects_at, manufacturing, &arm_at.key("manufacturing"))?;
        let course = |class: &EffectsAt<'_>| match &product {
            Some(_) => self.course([None; 3], stratum, &effects_at),
            None => class.at(&effects_at, |at| self.course(class.effects, stratum, at)),
        };
        let courses = [course(&classes[0])?, course(&classes[1])?];

        let (rate, rate_at) = match special.and_then(|special| special.immune_response.as_ref()) {
            Some(rate) => (Some(rate), &special_at),
            None => (arm.and_then(|arm| arm.immune_response.as_ref()), &arm_at),
        };
        let response_rate = self.response_rate(arm, rate, &rate_at.key("immune_response"))?;
        let later = Later { raw: self.raw, arm: name, stratum: stratum_name }.checked(&courses, at)?;
        Ok(ArmStratum { response_rate, courses, cured: self.control.cured, later, product })
    }

    /// Effects on non-responders and on responders.
    fn by_response<'r>(&self, raw: &'r Effects, at: &At<'_>) -> Checked<[EffectsAt<'r>; 2]> {
        let everybody = [&raw.progression, &raw.death, &raw.death_after_progression].map(Option::as_ref);
        let by_response = [("responders", &raw.responders), ("non_responders", &raw.non_responders)];
        if by_response.iter().all(|(_, effects)| effects.is_none()) {
            return Ok([EffectsAt { key: None, effects: everybody }; 2]);
        }
        for (key, _) in by_response.iter().filter(|(_, effects)| effects.is_some()) {
            if everybody.iter().any(Option::is_some) {
                let rule = "an effect is that of every patient or one by immune response, not both";
                return Err(at.key(key).fail(rule).hint("a patch removes the effects of every patient with null"));
            }
            if self.raw.immune_response.is_none() {
                return Err(at.key(key).fail("an effect by immune response needs `immune_response`, which is absent"));
            }
        }
        let [responders, non_responders] = by_response;
        Ok([non_responders, responders].map(|(key, effects)| EffectsAt::of_class(key, effects.as_ref())))
    }

    fn course(&self, effects: [Option<&Effect>; 3], stratum: usize, at: &At<'_>) -> Checked<Course> {
        let ratio = |i: usize| -> Checked<HazardRatio> { effect(effects[i], &at.key(KEYS[i])) };
        let baseline = |i: usize| {
            let scaled = self.control.hazards[i].scaled(self.strata[stratum].ratios[i]);
            scaled.map_err(|invalid| at.invalid(&invalid))
        };
        let applied = |i: usize| -> Checked<PiecewiseHazard> {
            ratio(i)?.applied_to(&baseline(i)?).map_err(|invalid| at.key(KEYS[i]).invalid(&invalid))
        };
        Ok(Course {
            progression: applied(0)?,
            death: applied(1)?,
            after_baseline: baseline(2)?,
            clock: self.control.clock,
            after_effect: ratio(2)?,
            product_at: 0.0,
        })
    }

    fn response_rate(&self, arm: Option<&Arm>, raw: Option<&ResponseRate>, at: &At<'_>) -> Checked<f64> {
        let Some(response) = &self.raw.immune_response else {
            return match raw {
                None => Ok(0.0),
                Some(_) => Err(at.fail("needs `immune_response` of the truth, which is absent")),
            };
        };
        let control_rate = response.control_rate.get();
        if arm.is_none() {
            return Ok(control_rate);
        }
        let raw = raw.ok_or_else(|| {
            let rule = "the truth has an immune response, so every arm needs its rate";
            at.fail(rule).hint("write {\"rate\": 0.6}, or {\"shift\": 0} for the rate of the control")
        })?;
        match super::exactly_one(&[("rate", raw.rate.is_some()), ("shift", raw.shift.is_some())], at)? {
            "rate" => Ok(raw.rate.map_or(0.0, f64::from)),
            _ if raw.shift.is_some_and(|shift| shift.get() == 0.0) => Ok(control_rate),
            _ => {
                let shift = raw.shift.map_or(0.0, f64::from);
                if control_rate == 0.0 || control_rate == 1.0 {
                    return Err(at.key("shift").fail("a shift needs a `control_rate` above 0 and below 1"));
                }
                ImmuneResponse::shifted_rate(control_rate, shift).map_err(|invalid| at.key("shift").invalid(&invalid))
            }
        }
    }
}
