//! Therapy after progression and crossover of one arm and stratum.

use super::hazard::{delay, effect};
use super::truth::{CONTROL, needs_progression};
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::truth as raw;
use crate::scenario::suggest;
use crate::survival::{Course, HazardRatio};
use crate::truth::{self, Therapy};

/// Checks names, and that there is a progression.
pub(super) fn all_later(raw: &raw::Truth, at: &At<'_>) -> Checked<()> {
    let has_progression = raw.control.has_progression();
    needs_progression(has_progression, raw.subsequent_therapy.as_ref(), "subsequent_therapy", at)?;
    needs_progression(has_progression, raw.crossover.as_ref(), "crossover", at)?;
    let known: Vec<&str> = std::iter::once(CONTROL).chain(raw.arms.keys().map(String::as_str)).collect();
    let therapy_at = at.key("subsequent_therapy");
    for name in raw.subsequent_therapy.iter().flat_map(indexmap::IndexMap::keys) {
        if !known.contains(&name.as_str()) {
            let fault = therapy_at.key(name).fail(format!("no arm is named `{name}`"));
            return Err(fault.maybe_hint(suggest::hint(name, "arms", &known)));
        }
    }
    let crossover_at = at.key("crossover");
    for (name, crossover) in raw.crossover.iter().flatten() {
        let here = crossover_at.key(name);
        if name != CONTROL {
            return Err(here.fail(format!("only patients of `{CONTROL}` cross over, not those of `{name}`")));
        }
        if !raw.arms.contains_key(&crossover.to) {
            let fault = here.key("to").fail(format!("no experimental arm is named `{}`", crossover.to));
            return Err(fault.maybe_hint(suggest::hint(&crossover.to, "arms", &known[1..])));
        }
    }
    Ok(())
}

/// One arm and stratum.
pub(super) struct Later<'a> {
    pub raw: &'a raw::Truth,
    pub arm: &'a str,
    pub stratum: &'a str,
}

impl Later<'_> {
    /// What the patients may receive after progression on their `courses`; `None` if nothing. `at` is the truth's place.
    pub fn checked(&self, courses: &[Course; 2], at: &At<'_>) -> Checked<Option<truth::Later>> {
        let therapy = self.raw.subsequent_therapy.as_ref().and_then(|arms| arms.get(self.arm));
        let therapy = therapy.map(|therapy| Therapy {
            probability: therapy.probability.get(),
            hazard_ratio: therapy.hazard_ratio.get(),
        });
        let crossover_at = at.key("crossover");
        let here = crossover_at.key(self.arm);
        let crossover = match self.raw.crossover.as_ref().and_then(|arms| arms.get(self.arm)) {
            Some(crossover) => {
                let effect = self.product(&crossover.to, at)?;
                Some(truth::Crossover { probability: crossover.probability.get(), effect })
            }
            None => None,
        };
        if therapy.is_none() && crossover.is_none() {
            return Ok(None);
        }
        let later = truth::Later { therapy, crossover };
        for course in courses {
            later.histories(course).map_err(|invalid| here.invalid(&invalid))?;
        }
        Ok(Some(later))
    }

    /// The effect of an arm's product on death after progression in this stratum.
    fn product(&self, to: &str, at: &At<'_>) -> Checked<HazardRatio> {
        let arms_at = at.key("arms");
        let arm_at = arms_at.key(to);
        let strata_at = arm_at.key("strata");
        let stratum_at = strata_at.key(self.stratum);
        let Some(arm) = self.raw.arms.get(to) else { return Ok(HazardRatio::one()) };
        let special = arm.strata.as_ref().and_then(|strata| strata.get(self.stratum)?.effect.as_ref());
        let (effects, effects_at) = match special {
            Some(effects) => (effects, stratum_at.key("effect")),
            None => match &arm.effect {
                Some(effects) => (effects, arm_at.key("effect")),
                None => return Ok(HazardRatio::one()),
            },
        };
        if arm.manufacturing.is_some() {
            return Err(arm_at.key("manufacturing").not_yet("crossover to an arm whose product must be made"));
        }
        for (key, by_response) in [("responders", &effects.responders), ("non_responders", &effects.non_responders)] {
            if by_response.as_ref().is_some_and(|effects| effects.death_after_progression.is_some()) {
                return Err(effects_at.key(key).not_yet(
                    "crossover to an arm whose effect on death after progression depends on the immune response",
                ));
            }
        }
        let (effect_of, here) = (effects.death_after_progression.as_ref(), effects_at.key("death_after_progression"));
        if delay(effect_of, &here)?.is_random() {
            let feature = "crossover to a product whose delay differs between patients";
            return Err(here.key("delay").not_yet(feature));
        }
        effect(effect_of, &here)
    }
}
