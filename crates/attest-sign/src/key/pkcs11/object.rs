use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use der::Decode as _;
use der::asn1::{ObjectIdentifier, OctetStringRef};

use super::TokenUri;
use super::token::{failed, wrong};
use crate::key::public::curve_algorithm;
use crate::{Error, PublicKey, SigningCertificate};

/// The one private key that the URI means.
pub(super) fn private_key(session: &Session, uri: &TokenUri) -> Result<ObjectHandle, Error> {
    let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    template.extend(
        uri.object
            .as_ref()
            .map(|label| Attribute::Label(label.clone().into_bytes())),
    );
    template.extend(uri.id.clone().map(Attribute::Id));
    let found = session.find_objects(&template).map_err(failed)?;
    match found.as_slice() {
        [key] => Ok(*key),
        [] => Err(wrong(
            "one private key that the URI means",
            "none; a token may hide its keys until a PIN is given",
        )),
        several => Err(wrong(
            "one private key that the URI means",
            format!("{}", several.len()),
        )),
    }
}

/// Tokens keep the public key beside the private one, with the same id; some keep a certificate instead.
pub(super) fn public_key(session: &Session, private: ObjectHandle) -> Result<PublicKey, Error> {
    let Some(Attribute::Id(id)) = attribute(session, private, AttributeType::Id)? else {
        return Err(wrong("a private key with an id", "one without"));
    };
    let beside = |class| {
        session
            .find_objects(&[Attribute::Class(class), Attribute::Id(id.clone())])
            .map_err(failed)
    };
    if let Some(key) = beside(ObjectClass::PUBLIC_KEY)?.first() {
        return from_object(session, *key);
    }
    if let Some(certificate) = beside(ObjectClass::CERTIFICATE)?.first()
        && let Some(Attribute::Value(der)) = attribute(session, *certificate, AttributeType::Value)?
    {
        return Ok(SigningCertificate::from_der(&der)?.public_key().clone());
    }
    Err(wrong(
        "a public key or certificate with the id of the private key",
        "neither",
    ))
}

fn from_object(session: &Session, key: ObjectHandle) -> Result<PublicKey, Error> {
    match attribute(session, key, AttributeType::KeyType)? {
        Some(Attribute::KeyType(KeyType::RSA)) => rsa(session, key),
        Some(Attribute::KeyType(KeyType::EC)) => {
            let curve = ObjectIdentifier::from_der(&parameters(session, key)?)
                .map_err(|error| wrong("a curve by its name", error.to_string()))?;
            curve_algorithm(curve)?;
            PublicKey::from_point(curve, &point(session, key)?)
        }
        // The curve is said by an OID or by a name; the length of the key tells Ed25519 from Ed448.
        Some(Attribute::KeyType(KeyType::EC_EDWARDS)) => PublicKey::from_ed25519(&point(session, key)?),
        _ => Err(wrong("an RSA, EC or Ed25519 key", "one of another type")),
    }
}

fn rsa(session: &Session, key: ObjectHandle) -> Result<PublicKey, Error> {
    let modulus = attribute(session, key, AttributeType::Modulus)?;
    let exponent = attribute(session, key, AttributeType::PublicExponent)?;
    match (modulus, exponent) {
        (Some(Attribute::Modulus(modulus)), Some(Attribute::PublicExponent(exponent))) => {
            PublicKey::from_rsa(&modulus, &exponent)
        }
        _ => Err(wrong("modulus and exponent of the key", "less")),
    }
}

fn parameters(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, Error> {
    match attribute(session, key, AttributeType::EcParams)? {
        Some(Attribute::EcParams(parameters)) => Ok(parameters),
        _ => Err(wrong("the curve of the key", "none")),
    }
}

/// The specification wraps the point into an octet string; some tokens do not.
fn point(session: &Session, key: ObjectHandle) -> Result<Vec<u8>, Error> {
    match attribute(session, key, AttributeType::EcPoint)? {
        Some(Attribute::EcPoint(point)) => Ok(match OctetStringRef::from_der(&point) {
            Ok(inner) => inner.as_bytes().to_vec(),
            Err(_) => point,
        }),
        _ => Err(wrong("the point of the key", "none")),
    }
}

fn attribute(session: &Session, object: ObjectHandle, wanted: AttributeType) -> Result<Option<Attribute>, Error> {
    Ok(session
        .get_attributes(object, &[wanted])
        .map_err(failed)?
        .into_iter()
        .next())
}
