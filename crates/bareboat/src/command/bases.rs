//! Where the base images of a Dockerfile are: the local store, registries, and the places of `--build-context`.

use std::path::Path;

use bareboat_build::dockerfile::{BaseImage, Problem, Wanted};
use bareboat_build::event::Event;
use bareboat_image::registry::PullOptions;
use bareboat_image::source::{Select, Source};
use bareboat_image::{Platform, Reference};

use super::image::{Asked, Opened, open_path};
use super::registry::with_registries;
use crate::cli::RegistryArgs;
use crate::failure::Failure;
use crate::logins;
use crate::session::{Session, reference};

/// Finds base images.
pub struct Finder<'a> {
    /// The store and the terminal.
    pub session: &'a Session,
    /// How registries are talked to.
    pub registry: &'a RegistryArgs,
    /// Registries are asked also for images that are here.
    pub pull: bool,
}

impl Finder<'_> {
    /// The image that is wanted, for `platform`.
    pub fn find(&self, wanted: Wanted<'_>, platform: &Platform) -> Result<BaseImage, Problem> {
        let found = match wanted {
            Wanted::Name(name) => self.named(name, platform),
            Wanted::Place(place) => self.placed(place, platform),
        };
        found.map_err(|failure| Problem::Base {
            message: failure.message,
            causes: failure.causes,
            hint: failure.hint,
            fault: failure.fault,
        })
    }

    /// What `--build-context` says: `oci-layout://`, `docker-image://`, or a place as other commands take it.
    fn placed(&self, text: &str, platform: &Platform) -> Result<BaseImage, Failure> {
        if let Some(place) = text.strip_prefix("oci-layout://") {
            let (directory, name) = match place.rsplit_once(':') {
                Some((directory, name)) if !name.contains('/') => (directory, Some(name)),
                _ => (place, None),
            };
            return self.take(&open_path(self.session, Path::new(directory))?, name, platform);
        }
        if let Some(name) = text.strip_prefix("docker-image://") {
            return self.named(name, platform);
        }
        let wanted = platform.to_string();
        let asked = Asked { image: text, platform: Some(&wanted), registry: self.registry };
        let opened = Opened::open(self.session, asked)?;
        self.take(&opened.source, opened.select.name.as_deref(), platform)
    }

    fn named(&self, name: &str, platform: &Platform) -> Result<BaseImage, Failure> {
        let reference = reference(name)?;
        if !self.pull
            && let Some(image) = self.stored(&reference, platform)?
        {
            return Ok(image);
        }
        let shown = reference.familiar();
        self.session.terminal.event(Event::Stage { name: format!("Pulling {shown}") });
        let options = PullOptions { platforms: vec![platform.clone()] };
        let pulled = with_registries(self.session, self.registry, &logins::find, |registries| {
            registries.pull(&reference, &options)
        });
        let pulled = pulled.map_err(|failure| missing(&shown, failure))?;
        self.session.images().put(&shown, &pulled.descriptor)?;
        self.take(&Source::store(&self.session.store, pulled.descriptor), None, platform)
    }

    /// The image of that name in the store, if it is there for the platform.
    fn stored(&self, reference: &Reference, platform: &Platform) -> Result<Option<BaseImage>, Failure> {
        let Ok(descriptor) = self.session.images().get(&reference.to_string()) else { return Ok(None) };
        let source = Source::store(&self.session.store, descriptor);
        let select = Select { platform: Some(platform.clone()), ..Select::default() };
        match source.images(&select) {
            Ok(images) if !images.is_empty() => self.take(&source, None, platform).map(Some),
            _ => Ok(None),
        }
    }

    fn take(
        &self,
        source: &Source<'_>,
        name: Option<&str>,
        platform: &Platform,
    ) -> Result<BaseImage, Failure> {
        let select =
            Select { name: name.map(str::to_owned), platform: Some(platform.clone()), preferred: None };
        let image = source.image(&select).map_err(Failure::from_source)?;
        let layers = image.import(&self.session.store).map_err(Failure::from_source)?;
        match image.config {
            Some(config) => Ok(BaseImage { config, layers }),
            None => Err(Failure::input("this is a root file system, not an image")),
        }
    }
}

/// An image that could not be had: where else it could come from.
fn missing(name: &str, failure: Failure) -> Failure {
    let hint = format!(
        "bring it here with `bareboat pull {name}`, or say where it is: \
         `--build-context {name}=docker-archive:FILE`, or `oci-layout://DIR` or `docker:NAME` in its place"
    );
    Failure {
        message: format!("cannot find the image `{name}`"),
        causes: std::iter::once(failure.message).chain(failure.causes).collect(),
        hint: Some(failure.hint.unwrap_or(hint)),
        fault: failure.fault,
    }
}
