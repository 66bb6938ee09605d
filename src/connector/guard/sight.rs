//! Keys that change must not lose sight of the data space in use: exports into it would end, and the old private key is gone.

use crate::connector::{Connector, explained};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::keys::KeyPair;
use crate::settings::Saved;
use crate::untrusted::SafeText;

impl Connector {
    /// Refuses a pair that does not see the data space in use, unless that data space's name was typed.
    async fn keeps_sight(&self, environment: Environment, pair: &KeyPair, typed: Option<&str>) -> Result<(), Problem> {
        let overview = self.overview();
        let Some((id, name, _)) = overview.data_space.filter(|_| environment == overview.environment) else {
            return Ok(());
        };
        match typed {
            Some(typed) if typed == name.as_str() => return Ok(()),
            Some(typed) => {
                let what =
                    format!("{:?} is not the name of the data space in use; nothing changed", SafeText::new(typed));
                return Err(Problem::new(Exit::Guarded, what).hint(format!("its name is {:?}", name.as_str())));
            }
            None => {}
        }
        let projects = self.make_client(environment, pair.clone())?.projects().await.map_err(explained)?;
        if projects.iter().flat_map(|project| &project.data_spaces).any(|space| space.id == id) {
            return Ok(());
        }
        let what = format!(
            "the new {environment} keys have no access to the data space in use, {name}: its exports would stop, so \
             nothing changed"
        );
        Err(Problem::new(Exit::Guarded, what)
            .hint(format!("use keys of the same organization, or replace them anyway: --i-know {:?}", name.as_str())))
    }

    /// Replaces a pair by a new one, which the gateway must accept first. Until it does, the old pair stays.
    ///
    /// # Errors
    /// A [`Problem`]; the old pair is then still saved. One of a guard if the new pair does not see the data space in use, and its
    /// name was not typed.
    pub async fn rotate_pair(
        &self,
        environment: Environment,
        pair: &KeyPair,
        typed: Option<&str>,
    ) -> Result<Saved, Problem> {
        let still_there =
            |problem: Problem| Problem { what: format!("{}; the old pair is still in use", problem.what), ..problem };
        self.verify_pair(environment, pair.clone()).await.map_err(still_there)?;
        self.keeps_sight(environment, pair, typed).await.map_err(still_there)?;
        self.save_pair(environment, pair).await
    }

    /// Saves a pair whatever was there, also where the gateway cannot be asked; what it said about a pair that replaces another
    /// comes back beside it.
    ///
    /// # Errors
    /// A [`Problem`] of a guard if the gateway says that the new pair does not see the data space in use, and its name was not
    /// typed; any other if it cannot be saved. What was saved before is then still there.
    pub async fn set_pair(
        &self,
        environment: Environment,
        pair: &KeyPair,
        typed: Option<&str>,
    ) -> Result<(Saved, Option<Problem>), Problem> {
        let pairs = tokio::task::block_in_place(|| self.pairs());
        let is_replaced = pairs.iter().any(|status| status.environment == environment && status.is_complete());
        let unsure = if is_replaced {
            match self.keeps_sight(environment, pair, typed).await {
                Err(problem) if problem.exit == Exit::Guarded => return Err(problem),
                Err(problem) => Some(problem),
                Ok(()) => None,
            }
        } else {
            None
        };
        Ok((self.save_pair(environment, pair).await?, unsure))
    }
}
