//! Efficacy and futility bounds.

use super::exactly_one;
use crate::protocol::Test;
use crate::registry::{self, Parameter};
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::bounds as raw;
use crate::scenario::suggest;
use crate::sequential::spending::{SPENDING_FUNCTIONS, SpendingFunction};
use crate::sequential::{BoundPlan, EfficacyPlan, FutilityPlan};
use indexmap::IndexMap;
use std::sync::Arc;

/// What the bounds depend on.
pub(crate) struct Setting<'a> {
    /// Confirmatory looks.
    pub looks: usize,
    /// One-sided level.
    pub alpha: f64,
    /// `goal.power`, if the file has a goal.
    pub power: Option<f64>,
    /// The test whose statistic the bounds are for.
    pub test: &'a Test,
}

/// The bounds of a protocol; `at` is the protocol's place.
pub(crate) fn bounds(
    efficacy: Option<&raw::Efficacy>,
    futility: Option<&raw::Futility>,
    setting: &Setting<'_>,
    at: &At<'_>,
) -> Checked<BoundPlan> {
    let efficacy_at = at.key("efficacy");
    let (plan, spending_time) = match efficacy {
        Some(raw) => setting.efficacy(raw, &efficacy_at)?,
        None if setting.looks == 1 => (single_look(), None),
        None => {
            let fault = efficacy_at.fail("`efficacy` is required where there are several looks");
            return Err(fault.hint("for example \"efficacy\": {\"spending\": \"obrien_fleming\"}"));
        }
    };
    let futility_at = at.key("futility");
    let futility = futility.map(|raw| setting.futility(raw, &futility_at)).transpose()?;
    if let (EfficacyPlan::Bounds(upper), Some(FutilityPlan::Bounds(lower))) = (&plan, &futility)
        && let Some(look) = (0..setting.looks).find(|&look| lower[look] >= upper[look])
    {
        let rule = format!("must be below the efficacy bound of the same look, {}", upper[look]);
        return Err(futility_at.key("bounds").index(look).fail(rule));
    }
    Ok(BoundPlan { efficacy: plan, spending_time, futility })
}

/// One look at the level itself: any plan that exhausts the level at its last look says so.
fn single_look() -> EfficacyPlan {
    SPENDING_FUNCTIONS
        .iter()
        .find(|entry| entry.parameters.is_empty())
        .map_or(EfficacyPlan::HaybittlePeto { z: 3.0 }, |entry| EfficacyPlan::Spending((entry.build)(&[])))
}

/// Values of a registered part's parameters, in the order its `build` takes them.
pub(crate) fn parameters(
    part: &str,
    wanted: &[Parameter],
    given: &IndexMap<String, f64>,
    at: &At<'_>,
) -> Checked<Vec<f64>> {
    if let Some(extra) = given.keys().find(|name| wanted.iter().all(|parameter| parameter.name != name.as_str())) {
        return Err(at.key(extra).fail(format!("`{part}` has no parameter `{extra}`")));
    }
    wanted
        .iter()
        .map(|parameter| {
            let here = at.key(parameter.name);
            let value =
                given.get(parameter.name).copied().or(parameter.default).ok_or_else(|| {
                    here.fail(format!("`{part}` needs `{}`: {}", parameter.name, parameter.description))
                })?;
            parameter.check(value).map_err(|_| here.fail(format!("out of range: {}", parameter.description)))
        })
        .collect()
}

fn spending(name: &str, given: &IndexMap<String, f64>, at: &At<'_>) -> Checked<Arc<dyn SpendingFunction>> {
    let names: Vec<&str> = SPENDING_FUNCTIONS.iter().map(|entry| entry.name).collect();
    let entry = registry::find(SPENDING_FUNCTIONS, name).ok_or_else(|| {
        at.key("spending").fail("unknown name").maybe_hint(suggest::hint(name, "spending functions", &names))
    })?;
    let values = parameters(entry.name, entry.parameters, given, at)?;
    Ok((entry.build)(&values))
}

impl Setting<'_> {
    fn efficacy(&self, raw: &raw::Efficacy, at: &At<'_>) -> Checked<(EfficacyPlan, Option<Vec<f64>>)> {
        let form = exactly_one(
            &[
                ("spending", raw.spending.is_some()),
                ("bounds", raw.bounds.is_some()),
                ("family", raw.family.is_some()),
                ("haybittle_peto", raw.haybittle_peto.is_some()),
            ],
            at,
        )?;
        if form != "spending" {
            let parameter = raw.parameters.keys().next().map(String::as_str);
            if let Some(key) = parameter.or(raw.spending_time.as_ref().map(|_| "spending_time")) {
                return Err(at.key(key).fail(format!("`{key}` goes with `spending`, not with `{form}`")));
            }
        }
        if raw.delta.is_some() && raw.family != Some(raw::Family::WangTsiatis) {
            return Err(at.key("delta").fail("`delta` goes with family `wang_tsiatis`"));
        }
        let here = at.key(form);
        if form == "family" && self.test.is_max_combo() {
            return Err(here.not_yet("bounds of a family for a max-combo"));
        }
        let plan = if let Some(name) = &raw.spending {
            EfficacyPlan::Spending(spending(name, &raw.parameters, at)?)
        } else if let Some(list) = &raw.bounds {
            let values = self.per_look(list, f64::INFINITY, &here)?;
            if values[self.looks - 1].is_infinite() {
                return Err(here.index(self.looks - 1).fail("the last look needs an efficacy bound"));
            }
            EfficacyPlan::Bounds(values)
        } else if let Some(family) = raw.family {
            let delta = match family {
                raw::Family::ObrienFleming => 0.0,
                raw::Family::Pocock => 0.5,
                raw::Family::WangTsiatis => {
                    raw.delta.ok_or_else(|| at.key("delta").fail("family `wang_tsiatis` needs `delta`"))?.get()
                }
            };
            EfficacyPlan::WangTsiatis { delta }
        } else {
            EfficacyPlan::HaybittlePeto { z: raw.haybittle_peto.map_or(3.0, f64::from) }
        };
        let times_at = at.key("spending_time");
        let times = raw.spending_time.as_ref().map(|times| {
            let times: Vec<f64> = times.iter().copied().map(f64::from).collect();
            self.count(times.len(), &times_at)?;
            if let Some(index) = (1..times.len()).find(|&index| times[index] <= times[index - 1]) {
                return Err(times_at.index(index).fail("spending times must increase"));
            }
            if times.last() != Some(&1.0) {
                return Err(times_at.index(times.len() - 1).fail("the last look spends all, its spending time is 1"));
            }
            Ok(times)
        });
        Ok((plan, times.transpose()?))
    }

    fn futility(&self, raw: &raw::Futility, at: &At<'_>) -> Checked<FutilityPlan> {
        if raw.binding == Some(true) {
            return Err(at.key("binding").not_yet("binding futility bounds"));
        }
        if self.test.is_max_combo() {
            return Err(at.not_yet("futility bounds of a max-combo"));
        }
        at.refuse("conditional_power", raw.conditional_power.as_ref(), "futility bounds on conditional power")?;
        let form = exactly_one(
            &[
                ("spending", raw.spending.is_some()),
                ("bounds", raw.bounds.is_some()),
                ("hazard_ratio", raw.hazard_ratio.is_some()),
            ],
            at,
        )?;
        let here = at.key(form);
        if form == "hazard_ratio" && !self.test.is_log_rank() {
            let fault = here.fail("a hazard ratio is a bound of the log-rank test only");
            return Err(fault.hint("give `bounds` on the z scale"));
        }
        if form != "spending" {
            let parameter = raw.parameters.keys().next().map(String::as_str);
            if let Some(key) = raw.beta.map(|_| "beta").or(parameter) {
                return Err(at.key(key).fail(format!("`{key}` goes with `spending`, not with `{form}`")));
            }
        }
        if let Some(name) = &raw.spending {
            return self.beta_spending(name, raw, at);
        }
        let values = match (&raw.bounds, &raw.hazard_ratio) {
            (Some(list), _) => self.per_look(list, f64::NEG_INFINITY, &here)?,
            (None, list) => self.per_look(list.as_deref().unwrap_or_default(), f64::INFINITY, &here)?,
        };
        if values[self.looks - 1].is_finite() {
            let fault = here.index(self.looks - 1).fail("the last look has no futility bound");
            return Err(fault.hint("write null: not rejecting at the last look ends the trial anyway"));
        }
        Ok(if raw.bounds.is_some() { FutilityPlan::Bounds(values) } else { FutilityPlan::HazardRatio(values) })
    }

    fn beta_spending(&self, name: &str, raw: &raw::Futility, at: &At<'_>) -> Checked<FutilityPlan> {
        if self.looks == 1 {
            return Err(at.fail("one look has no futility bound"));
        }
        let beta_at = at.key("beta");
        let beta = raw.beta.map(f64::from).or(self.power.map(|power| 1.0 - power)).ok_or_else(|| {
            beta_at.fail("β-spending needs `beta`, or `goal.power`").hint("for example \"beta\": 0.1")
        })?;
        if beta >= 1.0 - self.alpha {
            return Err(beta_at.fail(format!("must be below 1 - alpha, {}", 1.0 - self.alpha)));
        }
        Ok(FutilityPlan::Spending { function: spending(name, &raw.parameters, at)?, beta })
    }

    /// One number per look; `none` where the file has null.
    fn per_look<T: Copy + Into<f64>>(&self, list: &[Option<T>], none: f64, at: &At<'_>) -> Checked<Vec<f64>> {
        self.count(list.len(), at)?;
        Ok(list.iter().map(|bound| bound.map_or(none, Into::into)).collect())
    }

    fn count(&self, given: usize, at: &At<'_>) -> Checked<()> {
        if given == self.looks {
            Ok(())
        } else {
            Err(at.fail(format!("needs one entry per look: {} looks, {given} entries", self.looks)))
        }
    }
}
