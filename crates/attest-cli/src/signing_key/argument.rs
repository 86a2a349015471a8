use std::ffi::OsStr;

use clap::builder::{StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use super::KeyReference;

/// Reads [`KeyReference`] from the command line.
///
/// A parser that is only a function lets clap repeat the whole value in its error, and with it a PIN that should not stand in
/// the value but does. This one says what the reason says, which repeats none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyArgument;

impl TypedValueParser for KeyArgument {
    type Value = KeyReference;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<KeyReference, Error> {
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        KeyReference::parse(&text).map_err(|reason| {
            let name = argument.map_or_else(|| "the key".to_owned(), |argument| format!("`{argument}`"));
            Error::raw(
                ErrorKind::ValueValidation,
                format!("invalid value for {name}: {reason}\n"),
            )
            .with_cmd(command)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<KeyReference, String> {
        let argument = Arg::new("key").long("key").value_name("KEY").value_parser(KeyArgument);
        let command = Command::new("sign").arg(argument);
        let matches = command.try_get_matches_from(["sign", "--key", value]);
        let mut matches = matches.map_err(|error| error.render().to_string())?;
        matches.remove_one("key").ok_or_else(|| "no key".to_owned())
    }

    #[test]
    fn a_pin_in_a_key_is_refused_and_not_repeated() {
        for pin in ["pin-value=1234", "pin-value1234", "pin-value:1234"] {
            let reason = parse(&format!("pkcs11:object=a?{pin}")).unwrap_err();
            assert!(
                reason.starts_with("error: invalid value for `--key <KEY>`: "),
                "{reason}"
            );
            assert!(!reason.contains("1234"), "{reason}");
        }
        let reason = parse("PKCS11:object=a?pin-value=1234").unwrap_err();
        assert!(!reason.contains("1234"), "{reason}");
    }

    #[test]
    fn a_key_without_a_pin_is_read() {
        assert!(matches!(
            parse("pkcs11:object=a?pin-source=pin"),
            Ok(KeyReference::Token(_))
        ));
        assert_eq!(parse("a.key"), Ok(KeyReference::File("a.key".into())));
    }
}
