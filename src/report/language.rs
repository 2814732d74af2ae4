//! The languages of a report.

/// A language of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese, in the terms of the guidelines of the Center for Drug Evaluation.
    Chinese,
}

impl Language {
    /// The text of this language.
    pub fn pick<T>(self, english: T, chinese: T) -> T {
        match self {
            Self::English => english,
            Self::Chinese => chinese,
        }
    }

    /// Language tag of a page (BCP 47).
    pub fn tag(self) -> &'static str {
        self.pick("en", "zh-Hans")
    }

    /// Several things as one phrase: "a, b and c".
    pub fn list(self, parts: &[String]) -> String {
        match parts {
            [] => String::new(),
            [one] => one.clone(),
            [first @ .., last] => first.join(self.pick(", ", "、")) + self.pick(" and ", "和") + last,
        }
    }
}
