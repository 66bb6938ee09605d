//! What can be said of a key pair without asking the gateway.

use super::{Half, PairStatus};
use crate::domain::Environment;
use crate::error::Problem;
use crate::keys::ApiKey;
use crate::settings::{Layers, Located, Setting, SettingStore as _};
use crate::untrusted::SafeText;

/// What is still to be done after a pair was replaced.
pub fn after_rotation(in_commerce: bool) -> &'static str {
    if in_commerce {
        "Commerce reads the new pair after `bin/magento cache:clean config`. Until then its services use the old \
         pair: delete it in the API portal only afterwards."
    } else {
        "Commerce keeps a copy of its own: enter the new pair in Commerce Admin too (System > Services > Commerce \
         Services Connector). If you delete the old pair in the API portal before that, its services stop."
    }
}

/// What is known of a pair. Reads the key file, or decrypts.
pub fn status(layers: &Layers, environment: Environment) -> PairStatus {
    let api_key = layers.text(Setting::ApiKey(environment)).and_then(|found| {
        found
            .map(|Located { value, origin }| {
                let key = ApiKey::parse(value.expose()).map_err(|error| Problem::of(&error))?;
                Ok(Located { value: key.masked(), origin })
            })
            .transpose()
    });
    let private_key = layers.private_key(environment).map(|found| {
        found.map(|Located { value, origin }| Located {
            value: format!("RSA {} bits {}", value.bits(), value.fingerprint()),
            origin,
        })
    });
    PairStatus {
        environment,
        api_key: half(api_key, layers.locked_by(Setting::ApiKey(environment))),
        private_key: half(private_key, layers.locked_by(Setting::PrivateKey(environment))),
    }
}

fn half(found: Result<Option<Located<String>>, Problem>, locked: Option<SafeText>) -> Half {
    match found {
        Ok(None) => Half::Missing,
        Ok(Some(Located { value, origin })) => {
            Half::Present { shown: SafeText::new(&value), origin: SafeText::new(&origin.to_string()), locked }
        }
        Err(problem) => Half::Unusable { reason: SafeText::new(&problem.what) },
    }
}
