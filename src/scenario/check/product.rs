//! A product that must be made, or whose delay differs between patients.

use super::hazard::{delay, timed_effect, waiting};
use crate::scenario::fault::{At, Checked};
use crate::scenario::raw::arm::{Manufacturing, TransitionEffects};
use crate::scenario::raw::hazard::Effect;
use crate::survival::{self, Waiting};
use crate::truth::Product;

/// Keys of the transitions.
pub(super) const KEYS: [&str; 3] = ["progression", "death", "death_after_progression"];

/// Effects of one class of patients, and the key they stand below.
#[derive(Clone, Copy)]
pub(super) struct EffectsAt<'r> {
    pub key: Option<&'static str>,
    pub effects: [Option<&'r Effect>; 3],
}

impl<'r> EffectsAt<'r> {
    /// Effects below `key`.
    pub fn of_class(key: &'static str, raw: Option<&'r TransitionEffects>) -> Self {
        let effects = raw
            .map_or([None; 3], |raw| [&raw.progression, &raw.death, &raw.death_after_progression].map(Option::as_ref));
        Self { key: Some(key), effects }
    }

    /// Calls `with` with their place.
    pub fn at<T>(&self, at: &At<'_>, with: impl FnOnce(&At<'_>) -> T) -> T {
        match self.key {
            Some(key) => with(&at.key(key)),
            None => with(at),
        }
    }
}

/// The product of an arm that must be made or takes longer to work in some patients than in others; else `None`.
pub(super) fn product(
    classes: &[EffectsAt<'_>; 2],
    effects_at: &At<'_>,
    manufacturing: Option<&Manufacturing>,
    at: &At<'_>,
) -> Checked<Option<Product>> {
    let mut random = false;
    for class in classes {
        class.at(effects_at, |at| -> Checked<()> {
            for (key, raw) in KEYS.iter().zip(class.effects) {
                random |= delay(raw, &at.key(key))?.is_random();
            }
            Ok(())
        })?;
    }
    if !random && manufacturing.is_none() {
        return Ok(None);
    }
    let timed = |class: &EffectsAt<'_>| -> Checked<[survival::Effect; 3]> {
        class.at(effects_at, |at| {
            let effect = |i: usize| timed_effect(class.effects[i], &at.key(KEYS[i]));
            Ok([effect(0)?, effect(1)?, effect(2)?])
        })
    };
    let (mut wait, mut failure) = (Waiting::NONE, 0.0);
    if let Some(raw) = manufacturing {
        if raw.wait.is_none() && raw.failure.is_none() {
            return Err(at.fail("needs `wait` or `failure`"));
        }
        wait = raw.wait.as_ref().map_or(Ok(Waiting::NONE), |wait| waiting(wait, &at.key("wait")))?;
        failure = raw.failure.map_or(0.0, f64::from);
    }
    Ok(Some(Product { failure, wait, effects: [timed(&classes[0])?, timed(&classes[1])?] }))
}
