//! Private keys for every verb that uses one: where they are kept, and what opens them.

mod argument;
mod password;
mod terminal;

use std::path::{Path, PathBuf};

use attest_sign::{Error, KeyFile, PrivateKey, PublicKey, Secret, SigningKey, TokenAccess, TokenKey, TokenUri};

use crate::causes::with_causes;
use crate::context::Context;
use crate::failure::Failure;
use crate::input_file::InputFile;
pub(crate) use argument::KeyArgument;
pub(crate) use password::new_password;

/// Keys are a few KiB; what is larger is another file.
const MAX_KEY_BYTES: u64 = 64 << 10;

/// Where cosign, too, looks for the library that speaks to a token.
const MODULE_PATH: &str = "COSIGN_PKCS11_MODULE_PATH";
const PIN: &str = "COSIGN_PKCS11_PIN";

/// Which key is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyReference {
    /// In a file, PEM.
    File(PathBuf),
    /// In an environment variable, PEM.
    Variable(String),
    /// In a token, as RFC 7512 names it.
    Token(Box<TokenUri>),
}

impl KeyReference {
    /// Reads `PATH`, `env://NAME` or `pkcs11:…`. Other schemes are refused, so that none is taken for the name of a file.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(name) = text.strip_prefix("env://") {
            return match name {
                "" => Err("expected the name of a variable after `env://`, found nothing".to_owned()),
                name => Ok(Self::Variable(name.to_owned())),
            };
        }
        if TokenUri::is_meant(text) {
            let uri = TokenUri::parse(text).map_err(|error| error.to_string())?;
            return Ok(Self::Token(Box::new(uri)));
        }
        match text.split_once("://") {
            Some((scheme, _)) => Err(format!(
                "expected a file, `env://NAME` or `pkcs11:…`, found `{scheme}://`"
            )),
            None => Ok(Self::File(text.into())),
        }
    }

    /// The file that is read, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Variable(_) | Self::Token(_) => None,
        }
    }

    /// The key, to sign with. Whoever types is asked for what opens it, unless the environment says.
    pub(crate) fn load(&self, context: &mut Context<'_>) -> Result<Box<dyn SigningKey>, Failure> {
        match self {
            Self::Token(uri) => token(uri, context).map(|key| Box::new(key) as Box<dyn SigningKey>),
            _ => Ok(Box::new(self.load_private(context)?)),
        }
    }

    /// The key itself, which a token does not give away.
    pub(crate) fn load_private(&self, context: &mut Context<'_>) -> Result<PrivateKey, Failure> {
        let pem = Secret::new(self.read(context)?);
        let opened = match KeyFile::parse(pem.expose()).map_err(|error| self.failure(&error))? {
            KeyFile::Plain(key) => return Ok(key),
            KeyFile::Encrypted(key) => key.open(&password::password(&self.shown(), context)?),
            _ => return Err(Failure::usage("key-unsupported", "expected a key that is understood").at(self.shown())),
        };
        opened.map_err(|error| self.failure(&error))
    }

    /// The public part alone. For a file that holds nothing else, no password is needed.
    pub(crate) fn load_public(&self, context: &mut Context<'_>) -> Result<PublicKey, Failure> {
        if !matches!(self, Self::Token(_))
            && let Ok(key) = PublicKey::from_pem(&self.read(context)?)
        {
            return Ok(key);
        }
        Ok(self.load(context)?.public_key().clone())
    }

    fn read(&self, context: &Context<'_>) -> Result<Vec<u8>, Failure> {
        match self {
            Self::File(path) => InputFile {
                path,
                unreadable: "key-unreadable",
                limit: MAX_KEY_BYTES,
            }
            .read(),
            Self::Variable(name) => context
                .environment
                .text(name)
                .map(|text| text.as_bytes().to_vec())
                .ok_or_else(|| {
                    Failure::usage(
                        "key-unreadable",
                        "expected a private key in the variable, found nothing",
                    )
                    .at(self.shown())
                }),
            Self::Token(_) => Err(Failure::usage(
                "key-stays",
                "expected a key in a file or a variable: one of a token does not leave it",
            )),
        }
    }

    fn failure(&self, error: &Error) -> Failure {
        failure(error).at(self.shown())
    }

    /// What is shown of it: never the contents of a variable.
    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Variable(name) => format!("env://{name}"),
            Self::Token(_) => "pkcs11:".to_owned(),
        }
    }
}

/// Tells why a key cannot be used.
pub(crate) fn failure(error: &Error) -> Failure {
    match error {
        Error::KeyInvalid { .. } => Failure::usage("key-invalid", error),
        Error::UnsupportedKey { .. } => Failure::usage("key-unsupported", error),
        Error::WrongPassword => Failure::usage("key-password-wrong", error),
        Error::Uri { .. } => Failure::usage("key-uri-invalid", error),
        error => Failure::undecided("key-unusable", with_causes(error)),
    }
}

fn token(uri: &TokenUri, context: &mut Context<'_>) -> Result<TokenKey, Failure> {
    let module = uri.module_path().map(Path::to_owned);
    let module = module.or_else(|| context.environment.text(MODULE_PATH).map(PathBuf::from));
    let module = module.ok_or_else(|| {
        let message =
            "expected `module-path` in the PKCS #11 URI, to say which library speaks to the token, found none";
        Failure::usage("key-uri-invalid", message)
            .hint(format_args!("add `?module-path=/usr/lib/….so`, or set {MODULE_PATH}"))
    })?;
    let pin = pin(uri, context)?;
    let access = TokenAccess {
        uri,
        module: &module,
        pin: pin.as_ref(),
    };
    TokenKey::open(&access).map_err(|error| failure(&error).at(module.display()))
}

/// The file that the URI names, the variable, or whoever types; a token may need none.
fn pin(uri: &TokenUri, context: &mut Context<'_>) -> Result<Option<Secret>, Failure> {
    if let Some(path) = uri.pin_source() {
        let file = InputFile {
            path,
            unreadable: "key-pin-unreadable",
            limit: 4096,
        };
        let mut pin = file.read()?;
        while pin.last().is_some_and(u8::is_ascii_whitespace) {
            pin.pop();
        }
        return Ok(Some(Secret::new(pin)));
    }
    if let Some(pin) = context.environment.text(PIN) {
        return Ok(Some(Secret::from(pin.to_owned())));
    }
    match context.person {
        true => terminal::ask("PIN of the token: ").map(Some),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_named_by_path_variable_or_token() {
        assert_eq!(KeyReference::parse("a.key"), Ok(KeyReference::File("a.key".into())));
        assert_eq!(
            KeyReference::parse("env://KEY"),
            Ok(KeyReference::Variable("KEY".to_owned()))
        );
        assert!(matches!(
            KeyReference::parse("pkcs11:object=a"),
            Ok(KeyReference::Token(_))
        ));
        assert_eq!(
            KeyReference::parse("awskms://alias/a").unwrap_err(),
            "expected a file, `env://NAME` or `pkcs11:…`, found `awskms://`"
        );
        assert!(KeyReference::parse("env://").is_err());
        assert!(KeyReference::parse("pkcs11:object=a?pin-value=1234").is_err_and(|message| !message.contains("1234")));
    }
}
