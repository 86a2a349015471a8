/// A proof that a check was made. It is declared in the module that makes the check, whose private field nobody else can
/// fill in.
macro_rules! token {
    ($(#[$documentation:meta])* $name:ident) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            _private: (),
        }
    };
}

pub(crate) use token;
