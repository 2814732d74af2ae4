//! Efficacy and futility bounds.

use super::exactly_one;
use super::spending::Spending;
use crate::numerics::normal::upper_quantile;
use crate::protocol::Test;
use crate::registry::Parameter;
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::bounds as raw;
use crate::scenario::suggest;
use crate::sequential::bounds::Sides;
use crate::sequential::harm::HarmPlan;
use crate::sequential::spending::SPENDING_FUNCTIONS;
use crate::sequential::{Assumption, BoundPlan, EfficacyPlan, FutilityPlan};
use indexmap::IndexMap;

/// What the bounds depend on.
pub(crate) struct Setting<'a> {
    /// Names of the confirmatory looks.
    pub names: &'a [&'a str],
    /// One-sided level.
    pub alpha: f64,
    /// `goal.power`, if the file has a goal.
    pub power: Option<f64>,
    /// Whether there is a transition.
    pub seamless: bool,
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
    let mut plan = match efficacy {
        Some(raw) => setting.efficacy(raw, &efficacy_at)?,
        None if setting.looks() == 1 => BoundPlan::of(single_look()),
        None => {
            let fault = efficacy_at.fail("`efficacy` is required where there are several looks");
            return Err(fault.hint("for example \"efficacy\": {\"spending\": \"obrien_fleming\"}"));
        }
    };
    let futility_at = at.key("futility");
    if let Some(raw) = futility {
        if matches!(plan.efficacy, EfficacyPlan::PampallonaTsiatis { .. }) {
            return Err(futility_at.fail("`pampallona_tsiatis` brings its own futility bounds"));
        }
        if plan.sides == Sides::Two {
            return Err(futility_at.fail("a two-sided design has no futility bounds").hint("leave `sides` out"));
        }
        setting.futility(raw, &mut plan, &futility_at)?;
    }
    if let (EfficacyPlan::Bounds(upper), Some(FutilityPlan::Bounds(lower))) = (&plan.efficacy, &plan.futility)
        && let Some(look) = (0..setting.looks()).find(|&look| lower[look] >= upper[look])
    {
        let key = if futility.is_some_and(|raw| raw.p.is_some()) { "p" } else { "bounds" };
        let rule = format!("must be below the efficacy bound of the same look, {}", upper[look]);
        return Err(futility_at.key(key).index(look).fail(rule));
    }
    Ok(plan)
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

/// The harm bounds of a protocol; `at` is their place.
pub(crate) fn harm(raw: &raw::Harm, two_sided: bool, setting: &Setting<'_>, at: &At<'_>) -> Checked<HarmPlan> {
    if setting.seamless {
        return Err(at.fail("`harm` goes with a trial without a transition").hint("stop by a transition rule instead"));
    }
    if two_sided {
        return Err(at.fail("a two-sided design rejects for harm by its lower bounds").hint("leave `sides` out"));
    }
    let form = exactly_one(
        &[
            ("spending", raw.spending.is_some()),
            ("bounds", raw.bounds.is_some()),
            ("hazard_ratio", raw.hazard_ratio.is_some()),
        ],
        at,
    )?;
    let of_spending =
        [("level", raw.level.is_some()), ("points", raw.points.is_some()), ("between", raw.between.is_some())];
    of_spending_only(form, &of_spending, &raw.parameters, at)?;
    let here = at.key(form);
    if let Some(list) = &raw.bounds {
        let bounds = setting.per_look(list, f64::NEG_INFINITY, &here)?;
        return match bounds.iter().position(|&bound| bound > 0.0) {
            Some(look) => Err(here.index(look).fail("a harm bound is at most 0").hint(SIGN)),
            None => Ok(HarmPlan::Bounds(bounds)),
        };
    }
    if let Some(list) = &raw.hazard_ratio {
        let ratios = setting.per_look(list, f64::INFINITY, &here)?;
        return match ratios.iter().position(|&ratio| ratio < 1.0) {
            Some(look) => Err(here.index(look).fail("a hazard ratio that shows harm is at least 1")),
            None => Ok(HarmPlan::HazardRatio(ratios)),
        };
    }
    let level =
        raw.level.ok_or_else(|| at.key("level").fail("`spending` needs `level`").hint("for example \"level\": 0.1"))?;
    let name = raw.spending.as_deref().unwrap_or_default();
    let (parameters, points) = (&raw.parameters, raw.points.as_deref());
    let function = Spending { name, parameters, points, between: raw.between }.function(at)?;
    Ok(HarmPlan::Spending { function, level: level.get() })
}

const SIGN: &str = "z is positive where the experimental arm does better";

impl Setting<'_> {
    fn looks(&self) -> usize {
        self.names.len()
    }

    fn efficacy(&self, raw: &raw::Efficacy, at: &At<'_>) -> Checked<BoundPlan> {
        let form = exactly_one(
            &[
                ("spending", raw.spending.is_some()),
                ("bounds", raw.bounds.is_some()),
                ("family", raw.family.is_some()),
                ("haybittle_peto", raw.haybittle_peto.is_some()),
                ("pampallona_tsiatis", raw.pampallona_tsiatis.is_some()),
            ],
            at,
        )?;
        let of_spending = [
            ("spending_time", raw.spending_time.is_some()),
            ("points", raw.points.is_some()),
            ("between", raw.between.is_some()),
        ];
        of_spending_only(form, &of_spending, &raw.parameters, at)?;
        if raw.delta.is_some() && raw.family != Some(raw::Family::WangTsiatis) {
            return Err(at.key("delta").fail("`delta` goes with family `wang_tsiatis`"));
        }
        let here = at.key(form);
        if matches!(form, "family" | "pampallona_tsiatis") && self.test.is_max_combo() {
            return Err(here.not_yet("bounds of a family for a max-combo"));
        }
        let last = self.looks() - 1;
        let efficacy = if let Some(name) = &raw.spending {
            let (parameters, points) = (&raw.parameters, raw.points.as_deref());
            EfficacyPlan::Spending(Spending { name, parameters, points, between: raw.between }.function(at)?)
        } else if let Some(list) = &raw.bounds {
            let values = self.per_look(list, f64::INFINITY, &here)?;
            if values[last].is_infinite() {
                return Err(here.index(last).fail("the last look needs an efficacy bound"));
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
        } else if let Some(family) = &raw.pampallona_tsiatis {
            self.pampallona_tsiatis(family, &here)?
        } else {
            EfficacyPlan::HaybittlePeto { z: raw.haybittle_peto.map_or(3.0, f64::from) }
        };
        let mut plan = BoundPlan::of(efficacy);
        plan.spending_time = self.spending_time(raw, at)?;
        plan.binding = raw.pampallona_tsiatis.is_some_and(|family| family.binding != Some(false));
        if plan.binding && self.seamless {
            return Err(here.key("binding").fail(BINDING_SEAMLESS).hint("write \"binding\": false"));
        }
        if raw.sides.is_some_and(|sides| sides.get() == 2.0) {
            self.two_sided(form, &plan.efficacy, at)?;
            plan.sides = Sides::Two;
        }
        if let Some(names) = &raw.looks {
            let looks_at = at.key("looks");
            if ["bounds", "pampallona_tsiatis"].contains(&form) {
                let fault = looks_at.fail(format!("`looks` does not go with `{form}`"));
                return Err(fault.maybe_hint((form == "bounds").then(|| "write null for a look without".into())));
            }
            let has = self.named(names, &looks_at)?;
            if !has[last] {
                return Err(looks_at.fail(format!("must name the last look, `{}`", self.names[last])));
            }
            if self.test.is_max_combo() {
                return Err(looks_at.not_yet("looks without an efficacy bound for a max-combo"));
            }
            plan.efficacy_at = Some(has);
        }
        Ok(plan)
    }

    fn two_sided(&self, form: &str, efficacy: &EfficacyPlan, at: &At<'_>) -> Checked<()> {
        let sides_at = at.key("sides");
        if form == "pampallona_tsiatis" {
            return Err(sides_at.fail("`pampallona_tsiatis` bounds are one-sided"));
        }
        if self.seamless {
            return Err(sides_at.fail("a seamless trial is tested one-sided"));
        }
        if self.test.is_max_combo() {
            return Err(sides_at.fail("a max-combo is tested one-sided"));
        }
        if let EfficacyPlan::Bounds(bounds) = efficacy
            && let Some(look) = bounds.iter().position(|&bound| bound <= 0.0)
        {
            return Err(at.key("bounds").index(look).fail("two-sided bounds must be above 0"));
        }
        Ok(())
    }

    fn pampallona_tsiatis(&self, raw: &raw::PampallonaTsiatis, at: &At<'_>) -> Checked<EfficacyPlan> {
        if self.looks() == 1 {
            return Err(at.fail("one look has no futility bound"));
        }
        let (delta_efficacy, delta_futility) = (raw.delta_efficacy.get(), raw.delta_futility.get());
        for (key, delta) in [("delta_efficacy", delta_efficacy), ("delta_futility", delta_futility)] {
            if delta > 0.5 {
                return Err(at.key(key).fail("must be at most 0.5"));
            }
        }
        let beta = self.beta(raw.beta.map(f64::from), "`pampallona_tsiatis`", at)?;
        Ok(EfficacyPlan::PampallonaTsiatis { delta_efficacy, delta_futility, beta })
    }

    fn spending_time(&self, raw: &raw::Efficacy, at: &At<'_>) -> Checked<Option<Vec<f64>>> {
        let times_at = at.key("spending_time");
        let Some(times) = &raw.spending_time else { return Ok(None) };
        let times: Vec<f64> = times.iter().copied().map(f64::from).collect();
        self.count(times.len(), &times_at)?;
        if let Some(index) = (1..times.len()).find(|&index| times[index] <= times[index - 1]) {
            return Err(times_at.index(index).fail("spending times must increase"));
        }
        if times.last() != Some(&1.0) {
            return Err(times_at.index(times.len() - 1).fail("the last look spends all, its spending time is 1"));
        }
        Ok(Some(times))
    }

    fn futility(&self, raw: &raw::Futility, plan: &mut BoundPlan, at: &At<'_>) -> Checked<()> {
        if self.test.is_max_combo() {
            return Err(at.not_yet("futility bounds of a max-combo"));
        }
        let form = exactly_one(
            &[
                ("spending", raw.spending.is_some()),
                ("bounds", raw.bounds.is_some()),
                ("p", raw.p.is_some()),
                ("hazard_ratio", raw.hazard_ratio.is_some()),
                ("conditional_power", raw.conditional_power.is_some()),
                ("predictive_power", raw.predictive_power.is_some()),
            ],
            at,
        )?;
        let of_spending = [
            ("beta", raw.beta.is_some()),
            ("points", raw.points.is_some()),
            ("between", raw.between.is_some()),
            ("looks", raw.looks.is_some()),
        ];
        of_spending_only(form, &of_spending, &raw.parameters, at)?;
        if raw.under.is_some() && form != "conditional_power" {
            return Err(at.key("under").fail(format!("`under` goes with `conditional_power`, not with `{form}`")));
        }
        let here = at.key(form);
        if form == "hazard_ratio" && !self.test.is_log_rank() {
            let fault = here.fail("a hazard ratio is a bound of the log-rank test only");
            return Err(fault.hint("give `bounds` on the z scale"));
        }
        let futility = if let Some(name) = &raw.spending {
            self.beta_spending(name, raw, plan, at)?
        } else if let Some(list) = &raw.bounds {
            FutilityPlan::Bounds(self.below(list, f64::NEG_INFINITY, &here)?)
        } else if let Some(list) = &raw.p {
            let levels = self.below(list, 1.0, &here)?;
            FutilityPlan::Bounds(levels.into_iter().map(upper_quantile).collect())
        } else if let Some(list) = &raw.hazard_ratio {
            FutilityPlan::HazardRatio(self.below(list, f64::INFINITY, &here)?)
        } else if let Some(list) = &raw.conditional_power {
            let under = match raw.under {
                None | Some(raw::Under::Assumed) => Assumption::Assumed,
                Some(raw::Under::Trend) => Assumption::Trend,
                Some(raw::Under::Null) => Assumption::Null,
            };
            FutilityPlan::ConditionalPower { least: self.below(list, 0.0, &here)?, under }
        } else {
            let list = raw.predictive_power.as_deref().unwrap_or_default();
            FutilityPlan::PredictivePower { least: self.below(list, 0.0, &here)? }
        };
        plan.binding = raw.binding == Some(true);
        if plan.binding {
            self.may_bind(&futility, &plan.efficacy, &at.key("binding"))?;
        }
        plan.futility = Some(futility);
        Ok(())
    }

    /// Refuses binding futility where efficacy could not be computed with it, or would not hold its level.
    fn may_bind(&self, futility: &FutilityPlan, efficacy: &EfficacyPlan, at: &At<'_>) -> Checked<()> {
        if self.seamless {
            return Err(at.fail(BINDING_SEAMLESS).hint("write \"binding\": false"));
        }
        let circular = match futility {
            FutilityPlan::ConditionalPower { .. } | FutilityPlan::PredictivePower { .. } => true,
            FutilityPlan::Spending { .. } => !matches!(efficacy, EfficacyPlan::Spending(_) | EfficacyPlan::Bounds(_)),
            FutilityPlan::Bounds(_) | FutilityPlan::HazardRatio(_) => false,
        };
        if circular {
            let rule = "binding futility goes with `bounds`, `p` and `hazard_ratio`, and with β-spending beside efficacy by `spending`";
            return Err(at.fail(rule).hint("each bound would need the other first; write \"binding\": false"));
        }
        Ok(())
    }

    fn beta_spending(
        &self,
        name: &str,
        raw: &raw::Futility,
        plan: &mut BoundPlan,
        at: &At<'_>,
    ) -> Checked<FutilityPlan> {
        if self.looks() == 1 {
            return Err(at.fail("one look has no futility bound"));
        }
        let beta = self.beta(raw.beta.map(f64::from), "β-spending", at)?;
        if let Some(names) = &raw.looks {
            let looks_at = at.key("looks");
            let has = self.named(names, &looks_at)?;
            if let Some(index) = names.iter().position(|name| self.names.last() == Some(&name.as_str())) {
                return Err(looks_at.index(index).fail(NO_LAST).hint(ENDS_ANYWAY));
            }
            plan.futility_at = Some(has);
        }
        let (parameters, points) = (&raw.parameters, raw.points.as_deref());
        let function = Spending { name, parameters, points, between: raw.between }.function(at)?;
        Ok(FutilityPlan::Spending { function, beta })
    }

    /// `beta`, or 1 − `goal.power`.
    fn beta(&self, given: Option<f64>, what: &str, at: &At<'_>) -> Checked<f64> {
        let beta_at = at.key("beta");
        let beta = given.or(self.power.map(|power| 1.0 - power)).ok_or_else(|| {
            beta_at.fail(format!("{what} needs `beta`, or `goal.power`")).hint("for example \"beta\": 0.1")
        })?;
        if beta >= 1.0 - self.alpha {
            return Err(beta_at.fail(format!("must be below 1 - alpha, {}", 1.0 - self.alpha)));
        }
        Ok(beta)
    }

    /// Per look, whether it is named.
    fn named(&self, names: &[String], at: &At<'_>) -> Checked<Vec<bool>> {
        if names.is_empty() {
            return Err(at.fail("must name at least one look"));
        }
        let mut has = vec![false; self.looks()];
        for (index, name) in names.iter().enumerate() {
            let here = at.index(index);
            let look = self.names.iter().position(|known| known == name).ok_or_else(|| {
                here.fail("no analysis has this name").maybe_hint(suggest::hint(name, "analyses", self.names))
            })?;
            if std::mem::replace(&mut has[look], true) {
                return Err(here.fail(format!("look `{name}` is named twice")));
            }
        }
        Ok(has)
    }

    /// One futility number per look, none at the last; `none` where the file has null.
    fn below<T: Copy + Into<f64>>(&self, list: &[Option<T>], none: f64, at: &At<'_>) -> Checked<Vec<f64>> {
        let values = self.per_look(list, none, at)?;
        let last = self.looks() - 1;
        if list[last].is_some() {
            return Err(at.index(last).fail(NO_LAST).hint(ENDS_ANYWAY));
        }
        Ok(values)
    }

    /// One number per look; `none` where the file has null.
    fn per_look<T: Copy + Into<f64>>(&self, list: &[Option<T>], none: f64, at: &At<'_>) -> Checked<Vec<f64>> {
        self.count(list.len(), at)?;
        Ok(list.iter().map(|bound| bound.map_or(none, Into::into)).collect())
    }

    fn count(&self, given: usize, at: &At<'_>) -> Checked<()> {
        let looks = self.looks();
        if given == looks {
            Ok(())
        } else {
            Err(at.fail(format!("needs one entry per look: {looks} looks, {given} entries")))
        }
    }
}

const NO_LAST: &str = "the last look has no futility bound";
const ENDS_ANYWAY: &str = "write null: not rejecting at the last look ends the trial anyway";
const BINDING_SEAMLESS: &str =
    "binding futility bounds need a single hypothesis; a seamless trial has non-binding ones";

/// Refuses keys that only a spending function has.
fn of_spending_only(
    form: &str,
    keys: &[(&'static str, bool)],
    parameters: &IndexMap<String, f64>,
    at: &At<'_>,
) -> Checked<()> {
    if form == "spending" {
        return Ok(());
    }
    let extra = keys.iter().find(|(_, there)| *there).map(|(key, _)| *key);
    match extra.or_else(|| parameters.keys().next().map(String::as_str)) {
        Some(key) => Err(at.key(key).fail(format!("`{key}` goes with `spending`, not with `{form}`"))),
        None => Ok(()),
    }
}
