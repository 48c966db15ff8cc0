//! What is to be done, stage by stage, with every variable expanded: the shape of a plan.

use std::collections::BTreeMap;

use serde::Serialize;

use super::base::BaseImage;
use super::configuration::Configuration;
use super::place::Place;
use super::transfer::mode::Mode;

/// Everything a target needs.
pub struct Plan {
    /// The needed stages by number.
    pub stages: BTreeMap<usize, PlannedStage>,
    /// The one whose files and configuration are the image.
    pub target: usize,
    /// Images that instructions take files from, by name.
    pub images: BTreeMap<String, BaseImage>,
}

/// One stage.
pub struct PlannedStage {
    /// Its name, else its number.
    pub title: String,
    /// What it builds on.
    pub base: Base,
    /// The FROM.
    pub place: Place,
    /// The FROM as written.
    pub text: String,
    /// What follows, in order.
    pub steps: Vec<Step>,
    /// The configuration at its end.
    pub configuration: Configuration,
}

/// What a stage builds on.
pub enum Base {
    /// Nothing.
    Scratch,
    /// Another stage.
    Stage(usize),
    /// An image.
    Image(Box<BaseImage>),
}

/// One instruction.
pub struct Step {
    /// Where it stands.
    pub place: Place,
    /// As written, in one line.
    pub text: String,
    /// What it does to files.
    pub work: Work,
}

/// What an instruction does to files.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "work")]
pub enum Work {
    /// Nothing; it says something about the image.
    Metadata,
    /// WORKDIR: a directory is made if it is not there.
    Directory {
        /// Absolute.
        path: String,
        /// Who owns what is made, as USER says it.
        user: String,
    },
    /// COPY or ADD.
    Transfer(Transfer),
    /// RUN.
    Run(Box<RunStep>),
}

/// Where an instruction takes files from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The build context.
    Context,
    /// A named context that is a directory.
    Directory(String),
    /// A stage by number.
    Stage(usize),
    /// An image by name.
    Image(String),
}

/// COPY or ADD.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Transfer {
    /// Where files come from.
    pub from: Origin,
    /// What is taken, in order.
    pub sources: Vec<Source>,
    /// Where to: absolute, with a slash at the end for a directory.
    pub destination: String,
    /// `--chown`
    pub chown: Option<String>,
    /// `--chmod`
    pub chmod: Option<Mode>,
    /// `--exclude`
    pub exclude: Vec<String>,
    /// `--parents`
    pub parents: bool,
    /// Archives are unpacked: what ADD does with local ones.
    pub unpack: bool,
}

/// One source of COPY or ADD.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// A path or a pattern in the origin.
    Path(String),
    /// A file of the network.
    Url {
        /// Its address.
        url: String,
        /// What it must hash to: `sha256:…`.
        checksum: Option<String>,
        /// What it is called in a directory.
        name: String,
    },
    /// A file written in the Dockerfile.
    Heredoc {
        /// Its name.
        name: String,
        /// Its content, expanded.
        content: String,
    },
}

/// RUN. Names of users are looked up when it runs.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct RunStep {
    /// Program and arguments, the shell's in front for the shell form.
    pub arguments: Vec<String>,
    /// ENV and ARG.
    pub environment: BTreeMap<String, String>,
    /// Proxy settings: they reach the process and are part of no key.
    #[serde(skip)]
    pub proxies: BTreeMap<String, String>,
    /// As WORKDIR has it.
    pub working_directory: String,
    /// As USER has it.
    pub user: String,
    /// The process has loopback only.
    pub no_network: bool,
    /// In order.
    pub mounts: Vec<Mount>,
    /// A heredoc that names its interpreter: path in the container, content.
    pub script: Option<(String, String)>,
}

/// A mount of RUN.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mount {
    /// Files from somewhere else.
    Bind {
        /// From where.
        from: Origin,
        /// Path there.
        source: String,
        /// Path in the container.
        target: String,
        /// Writes are allowed, and lost.
        writable: bool,
    },
    /// A directory that stays for the next build.
    Cache {
        /// Its name.
        id: String,
        /// `shared`, `private` or `locked`.
        sharing: &'static str,
        /// Permission bits of a new one.
        mode: u16,
        /// Owner of a new one.
        owner: (u32, u32),
        /// Path in the container.
        target: String,
        /// Writes fail.
        read_only: bool,
        /// What a new one starts with.
        from: Option<(Origin, String)>,
    },
    /// Memory.
    Tmpfs {
        /// Path in the container.
        target: String,
        /// Bytes.
        size: Option<u64>,
    },
    /// A secret given to the build.
    Secret {
        /// Its name.
        id: String,
        /// Path in the container, unless it is only a variable.
        target: Option<String>,
        /// A variable that gets the value.
        environment: Option<String>,
        /// It must be given.
        required: bool,
        /// Permission bits.
        mode: u16,
        /// Owner.
        owner: (u32, u32),
    },
    /// A key agent's socket.
    Ssh {
        /// Which one.
        id: String,
        /// Path in the container.
        target: String,
        /// It must be given.
        required: bool,
        /// Permission bits.
        mode: u16,
        /// Owner.
        owner: (u32, u32),
    },
}

impl Plan {
    /// The plan for programs.
    pub fn json(&self) -> serde_json::Value {
        let stages = self.stages.iter().map(|(number, stage)| {
            let base = match &stage.base {
                Base::Scratch => serde_json::json!("scratch"),
                Base::Stage(number) => serde_json::json!({ "stage": number }),
                Base::Image(image) => {
                    let layers: Vec<_> = image.layers.iter().map(|layer| layer.digest).collect();
                    serde_json::json!({ "layers": layers })
                }
            };
            let steps = stage.steps.iter().map(|step| {
                serde_json::json!({ "line": step.place.line, "text": step.text, "does": step.work })
            });
            serde_json::json!({
                "number": number, "name": stage.title, "from": stage.text, "line": stage.place.line, "base": base,
                "steps": steps.collect::<Vec<_>>(), "config": stage.configuration.image,
            })
        });
        serde_json::json!({ "version": 1, "target": self.target, "stages": stages.collect::<Vec<_>>() })
    }
}
