//! A fault found while reading, before its value is looked up in the file: a place, a rule, a hint.

use crate::invalid::Invalid;

/// What a checking function returns.
pub(crate) type Checked<T> = Result<T, Fault>;

/// A fault at a place. The place is a path into the document as merged; the patch is looked up later.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    /// Reference tokens of the JSON pointer, unescaped.
    pub tokens: Vec<String>,
    /// The rule broken.
    pub rule: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Fault {
    /// The same fault with a hint.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same fault with a hint, if there is one to give.
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }
}

#[derive(Debug, Clone, Copy)]
enum Token<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

/// A place in the document: a path grown key by key as the checks descend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    parent: Option<&'a At<'a>>,
    token: Token<'a>,
}

impl<'a> At<'a> {
    /// The whole document.
    pub const ROOT: At<'static> = At { parent: None, token: Token::Root };

    /// A key below this place.
    pub fn key<'b>(&'b self, key: &'b str) -> At<'b> {
        At { parent: Some(self), token: Token::Key(key) }
    }

    /// An element below this place.
    pub fn index(&'a self, index: usize) -> At<'a> {
        At { parent: Some(self), token: Token::Index(index) }
    }

    /// The path as tokens.
    pub fn tokens(&self) -> Vec<String> {
        let mut tokens = self.parent.map(At::tokens).unwrap_or_default();
        match self.token {
            Token::Root => {}
            Token::Key(key) => tokens.push(key.to_owned()),
            Token::Index(index) => tokens.push(index.to_string()),
        }
        tokens
    }

    /// A fault here.
    pub fn fail(&self, rule: impl Into<String>) -> Fault {
        Fault { tokens: self.tokens(), rule: rule.into(), hint: None }
    }

    /// The refusal of something the format has and this version does not compute.
    pub fn not_yet(&self, feature: &str) -> Fault {
        self.fail(format!("not yet computed by this version: {feature}"))
    }

    /// Refuses `value` if it is there: the format has it, this version does not compute it.
    pub fn refuse<T>(&self, key: &str, value: Option<&T>, feature: &str) -> Checked<()> {
        value.map_or(Ok(()), |_| Err(self.key(key).not_yet(feature)))
    }

    /// The fault of a checked constructor, at this place.
    pub fn invalid(&self, invalid: &Invalid) -> Fault {
        self.fail(format!("{} is {}, but {}", invalid.what, invalid.value, invalid.rule))
    }
}

/// A JSON pointer (RFC 6901) from its tokens.
pub(crate) fn pointer<T: AsRef<str>>(tokens: &[T]) -> String {
    tokens.iter().fold(String::new(), |mut text, token| {
        text.push('/');
        text.push_str(&token.as_ref().replace('~', "~0").replace('/', "~1"));
        text
    })
}

/// Tokens of a JSON pointer; `None` when it does not start with a slash.
pub(crate) fn tokens(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let rest = pointer.strip_prefix('/')?;
    Some(rest.split('/').map(|token| token.replace("~1", "/").replace("~0", "~")).collect())
}
