/// Something that came from outside and that nobody has checked.
///
/// The only way to the value is spelled out, so that a reader sees where trust begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untrusted<T>(T);

impl<T> Untrusted<T> {
    /// Marks a value as unchecked.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// Looks at the value as what it is: unchecked.
    pub fn peek_unverified(&self) -> &T {
        &self.0
    }

    /// Gives the value to a parser or verifier.
    pub fn into_unverified(self) -> T {
        self.0
    }
}
