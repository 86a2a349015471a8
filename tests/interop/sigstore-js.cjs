// Signs and verifies with the libraries of sigstore-js, whose own command line reads trust only from a TUF repository.
//
//   node sigstore-js.cjs sign FILE|STATEMENT BUNDLE SIGNING_CONFIG TOKEN blob|attestation
//   node sigstore-js.cjs verify FILE BUNDLE TRUSTED_ROOT identity IDENTITY ISSUER
//   node sigstore-js.cjs verify FILE BUNDLE TRUSTED_ROOT key PUBLIC_KEY_PEM
//
// TLOG_THRESHOLD=0 stands for a bundle that was left out of the log on purpose. NODE_PATH names the directory that @sigstore/sign, @sigstore/verify, @sigstore/bundle and @sigstore/protobuf-specs are in.
'use strict';
const fs = require('node:fs');
const { createPublicKey } = require('node:crypto');
const { bundleFromJSON, bundleToJSON } = require('@sigstore/bundle');
const { SigningConfig, TrustedRoot } = require('@sigstore/protobuf-specs');
const { bundleBuilderFromSigningConfig } = require('@sigstore/sign');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');

const json = (path) => JSON.parse(fs.readFileSync(path, 'utf8'));

async function sign(file, output, config, token, kind) {
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(json(config)),
    identityProvider: { getToken: async () => fs.readFileSync(token, 'utf8').trim() },
    bundleType: kind === 'blob' ? 'messageSignature' : 'dsseEnvelope',
  });
  const data = fs.readFileSync(file);
  const bundle = await builder.create(kind === 'blob' ? { data } : { data, type: 'application/vnd.in-toto+json' });
  fs.writeFileSync(output, JSON.stringify(bundleToJSON(bundle)));
}

function verify(file, path, root, kind, expected, issuer) {
  const bundle = bundleFromJSON(json(path));
  const artifact = bundle.content.$case === 'messageSignature' ? fs.readFileSync(file) : undefined;
  const key = kind === 'key' && { publicKey: createPublicKey(fs.readFileSync(expected)), validFor: () => true };
  const trust = toTrustMaterial(TrustedRoot.fromJSON(json(root)), () => key);
  const policy = kind === 'identity' ? { subjectAlternativeName: expected, extensions: { issuer } } : undefined;
  // An artifact that an envelope is about is left to the caller by this library: it is compared here.
  if (bundle.content.$case === 'dsseEnvelope') {
    const digest = require('node:crypto').createHash('sha256').update(fs.readFileSync(file)).digest('hex');
    const statement = JSON.parse(bundle.content.dsseEnvelope.payload.toString());
    if (!statement.subject.some((subject) => subject.digest.sha256 === digest)) throw new Error('not a subject');
  }
  const tlogThreshold = Number(process.env.TLOG_THRESHOLD ?? 1);
  new Verifier(trust, { tlogThreshold }).verify(toSignedEntity(bundle, artifact), policy);
}

const [verb, ...rest] = process.argv.slice(2);
Promise.resolve()
  .then(() => (verb === 'sign' ? sign(...rest) : verify(...rest)))
  .catch((error) => {
    console.error(error.code ?? '', error.message, error.cause?.message ?? '');
    process.exitCode = 1;
  });
