//! `logistic`, `normal`, `cauchy`, `extreme_value`, `extreme_value_2`, `t_distribution`: the two-parameter families.

use super::{SpendingFunction, ThroughPoints};
use crate::invalid::{Invalid, require};
use crate::numerics::normal;
use crate::registry::{Entry, Parameter};
use statrs::function::beta::{beta_reg, inv_beta_reg};
use statrs::function::gamma::ln_gamma;
use std::f64::consts::PI;
use std::sync::Arc;

/// α*(t) = α F(a + b F⁻¹(t)), b > 0, t in [0, 1], F a distribution function (Anderson and Clark 2010, section 3). Two points
/// of the course fix a and b: a + b F⁻¹(t_i) = F⁻¹(p_i), i = 1, 2, is a linear system.
#[derive(Debug)]
pub struct LocationScale {
    law: Law,
    a: f64,
    b: f64,
}

/// F.
#[derive(Debug, Clone, Copy)]
enum Law {
    /// 1/(1 + e^{−x}).
    Logistic,
    /// Φ.
    Normal,
    /// ½ + arctan(x)/π.
    Cauchy,
    /// exp(−e^{−x}).
    ExtremeValue,
    /// 1 − exp(−e^x).
    ExtremeValue2,
    /// Student's t with that many degrees of freedom.
    T(f64),
}

impl Law {
    fn cdf(self, x: f64) -> f64 {
        match self {
            Self::Logistic => 1.0 / (1.0 + libm::exp(-x)),
            Self::Normal => normal::cdf(x),
            // Below 0 the sum would cancel.
            Self::Cauchy if x < -1.0 => libm::atan(-1.0 / x) / PI,
            Self::Cauchy => 0.5 + libm::atan(x) / PI,
            Self::ExtremeValue => libm::exp(-libm::exp(-x)),
            Self::ExtremeValue2 => -libm::expm1(-libm::exp(x)),
            Self::T(df) => {
                let tail = 0.5 * beta_reg(0.5 * df, 0.5, (df / (df + x * x)).clamp(0.0, 1.0));
                if x < 0.0 { tail } else { 1.0 - tail }
            }
        }
    }

    /// F⁻¹(p), p in (0, 1).
    fn quantile(self, p: f64) -> f64 {
        match self {
            Self::Logistic => libm::log(p) - libm::log1p(-p),
            Self::Normal => normal::quantile(p),
            Self::Cauchy if p < 0.25 => -1.0 / libm::tan(PI * p),
            Self::Cauchy => libm::tan(PI * (p - 0.5)),
            Self::ExtremeValue => -libm::log(-libm::log(p)),
            Self::ExtremeValue2 => libm::log(-libm::log1p(-p)),
            Self::T(df) => {
                let tail = p.min(1.0 - p);
                let share = inv_beta_reg(0.5 * df, 0.5, 2.0 * tail).clamp(f64::MIN_POSITIVE, 1.0);
                let mut x = -(df * (1.0 - share) / share).sqrt();
                // The inverse is good to a few digits only; Newton's method doubles them.
                for _ in 0..3 {
                    let log_density = ln_gamma(0.5 * (df + 1.0))
                        - ln_gamma(0.5 * df)
                        - 0.5 * libm::log(df * PI)
                        - 0.5 * (df + 1.0) * libm::log1p(x * x / df);
                    let step = (self.cdf(x) - tail) / libm::exp(log_density);
                    if step.is_finite() && step.abs() < 0.5 * x.abs().max(1e-3) {
                        x -= step;
                    }
                }
                if p > 0.5 { -x } else { x }
            }
        }
    }

    fn with(self, a: f64, b: f64) -> Arc<dyn SpendingFunction> {
        Arc::new(LocationScale { law: self, a, b })
    }

    /// Through two points (spending time, share of the level).
    fn through(self, points: &[(f64, f64)]) -> Result<Arc<dyn SpendingFunction>, Invalid> {
        let [(t1, p1), (t2, p2)] = *points else {
            return Err(Invalid { what: "number of points", value: points.len() as f64, rule: "must be 2" });
        };
        for (_, share) in points {
            require(*share > 0.0 && *share < 1.0, "share spent", *share, "must be above 0 and below 1")?;
        }
        let [x1, x2, y1, y2] = [t1, t2, p1, p2].map(|p| self.quantile(p));
        let b = (y2 - y1) / (x2 - x1);
        require(b > 0.0 && b.is_finite(), "share spent", p2, "must rise from point to point")?;
        Ok(self.with(y1 - b * x1, b))
    }
}

impl SpendingFunction for LocationScale {
    fn spent(&self, total: f64, time: f64) -> f64 {
        if time <= 0.0 {
            return 0.0;
        }
        if time >= 1.0 {
            return total;
        }
        total * self.law.cdf(self.a + self.b * self.law.quantile(time))
    }
}

const A: Parameter = Parameter {
    name: "a",
    description: "location, between -20 and 20: below 0 spends late",
    low: -20.0,
    low_open: false,
    high: 20.0,
    integer: false,
    default: None,
};

const B: Parameter = Parameter {
    name: "b",
    description: "scale, above 0 and at most 20: above 1 spends little early",
    low: 0.0,
    low_open: true,
    high: 20.0,
    integer: false,
    default: None,
};

const DF: Parameter = Parameter {
    name: "df",
    description: "degrees of freedom, at least 1 and at most 1000: 1 is the Cauchy family, many the normal one",
    low: 1.0,
    low_open: false,
    high: 1000.0,
    integer: false,
    default: None,
};

/// An entry by parameters and one by points.
macro_rules! family {
    ($by_parameters:ident, $by_points:ident, $law:ident, $name:literal, $what:literal) => {
        pub(super) const $by_parameters: Entry<dyn SpendingFunction> = Entry {
            name: $name,
            summary: concat!("two-parameter family of the ", $what, " distribution: F(a + b F⁻¹(spending time))"),
            parameters: &[A, B],
            build: |values| Law::$law.with(values[0], values[1]),
        };
        pub(super) const $by_points: ThroughPoints = ThroughPoints {
            name: $name,
            summary: concat!("two-parameter family of the ", $what, " distribution through two points"),
            points: (2, 2),
            parameters: &[],
            build: |points, _| Law::$law.through(points),
        };
    };
}

family!(LOGISTIC, LOGISTIC_THROUGH, Logistic, "logistic", "logistic");
family!(NORMAL, NORMAL_THROUGH, Normal, "normal", "normal");
family!(CAUCHY, CAUCHY_THROUGH, Cauchy, "cauchy", "Cauchy");
family!(EXTREME_VALUE, EXTREME_VALUE_THROUGH, ExtremeValue, "extreme_value", "extreme value");
family!(EXTREME_VALUE_2, EXTREME_VALUE_2_THROUGH, ExtremeValue2, "extreme_value_2", "reversed extreme value");

pub(super) const T: Entry<dyn SpendingFunction> = Entry {
    name: "t_distribution",
    summary: "two-parameter family of Student's t distribution: F(a + b F⁻¹(spending time))",
    parameters: &[A, B, DF],
    build: |values| Law::T(values[2]).with(values[0], values[1]),
};

pub(super) const T_THROUGH: ThroughPoints = ThroughPoints {
    name: "t_distribution",
    summary: "two-parameter family of Student's t distribution through two points",
    points: (2, 2),
    parameters: &[DF],
    build: |points, values| Law::T(values[0]).through(points),
};
