//! The command line: every verb and option, for clap, completions and the generated reference.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::shellcheck::ShellCheckChoice;

/// From an application directory to a small, non-root, distroless container image: no Docker, no root.
#[derive(Debug, Parser)]
#[command(name = "bareboat", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Explain each decision.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Print only errors and the result.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Colours: `auto` looks at the terminal and at NO_COLOR.
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub color: ColorChoice,
    /// Where blobs, images and results are kept [default: $XDG_CACHE_HOME/bareboat].
    #[arg(long, global = true, value_name = "DIR", env = "BAREBOAT_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Build an image from an application directory.
    Build(Box<BuildArgs>),
    /// Run an image, or build a directory and run it.
    Run(RunArgs),
    /// Write `bareboat.lock`: every package and wheel by digest.
    Lock(LockArgs),
    /// Show which locked packages and wheels have newer versions.
    Outdated(OutdatedArgs),
    /// Write `bareboat.toml` with what was detected.
    Init(InitArgs),
    /// Say which package, wheel or file brought a path of an image, and why; or what a rule of `lint` or `audit` is about.
    Explain(ExplainArgs),
    /// Judge Dockerfiles: what is wrong, what will happen, and how to repair it.
    Lint(LintArgs),
    /// Judge Dockerfiles in an editor: a language server on standard input and output.
    Lsp,
    /// Show what an image is: platform, user, sizes, layers, packages, attack surface.
    Inspect(InspectArgs),
    /// Judge an image, whoever built it: will it start, how bare is it, what does it waste?
    Audit(AuditArgs),
    /// Set images side by side: sizes, attack surface, packages.
    Compare(CompareArgs),
    /// Write an image's bill of materials: packages, licences, digests, what needs what.
    Sbom(SbomArgs),
    /// Run container-structure-test files on an image, without a daemon.
    Check(CheckArgs),
    /// Look through an image in the terminal: layers, files, and why each is there.
    Explore(ExploreArgs),
    /// List the images in the local store.
    Images(FormatArgs),
    /// Give an image another name.
    Tag {
        /// An image's name, or the start of its digest.
        image: String,
        /// The new name.
        name: String,
    },
    /// Remove image names from the local store.
    Rm {
        /// Names, or starts of digests.
        #[arg(required = true)]
        images: Vec<String>,
    },
    /// Write an image of the local store somewhere else.
    Save(SaveArgs),
    /// Send an image of the local store to a registry.
    Push(PushArgs),
    /// Bring an image from a registry into the local store.
    Pull(PullArgs),
    /// Copy an image as it is, between registries, layouts and the local store; nothing is unpacked.
    Copy(CopyArgs),
    /// List the tags of a repository at a registry.
    Tags(TagsArgs),
    /// List images in one index: what several machines pushed becomes one image for all their platforms.
    Index(IndexArgs),
    /// List what refers to an image at its registry: bills of materials, provenance, signatures.
    Referrers(ReferrersArgs),
    /// Delete a tag, or an image with all of its tags, at a registry. There is no way back.
    Delete(DeleteArgs),
    /// Show a registry a user name and password, and keep them for `push` and `pull`.
    Login(LoginArgs),
    /// Forget a registry's login.
    Logout {
        /// The registry: ghcr.io, localhost:5000; docker.io is Docker Hub.
        #[arg(value_name = "REGISTRY", default_value = "docker.io")]
        domain: String,
    },
    /// Show, prune or check the cache.
    Cache {
        #[command(subcommand)]
        action: CacheAction,
    },
    /// Print the manual page, or write one page per command.
    Man {
        /// A directory for `bareboat.1`, `bareboat-build.1` and so on; without it the first page is printed.
        #[arg(value_name = "DIR")]
        directory: Option<PathBuf>,
    },
    /// Print a shell completion script.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

/// Where the Debian and Python archives are, and whether they may be asked.
#[derive(Debug, Args, Clone, Default)]
pub struct NetworkArgs {
    /// A Debian mirror, for example http://mirror.example/debian; may be given several times.
    #[arg(long, value_name = "URL")]
    pub mirror: Vec<String>,
    /// Use only what is in the cache.
    #[arg(long)]
    pub offline: bool,
}

/// What to build and how.
#[derive(Debug, Args, Clone)]
pub struct MakeArgs {
    /// The application's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// Debian release: 13 (trixie), 12 (bookworm) or 14 (testing).
    #[arg(long, value_name = "RELEASE")]
    pub debian: Option<String>,
    /// Refuse to build when `bareboat.lock` is missing or no longer fits.
    #[arg(long)]
    pub locked: bool,
    /// Numeric user, or user:group.
    #[arg(long, value_name = "UID[:GID]")]
    pub user: Option<String>,
    /// The image also runs under an arbitrary user id in group 0.
    #[arg(long)]
    pub arbitrary_user: bool,
    /// How much of the packages is left out.
    #[arg(long, value_enum)]
    pub slice: Option<SliceChoice>,
    /// Which image: as it runs, or with a static busybox in /busybox to look around with.
    #[arg(long, value_enum)]
    pub variant: Option<VariantChoice>,
    /// Fail when a package's maintainer script does something that is not covered.
    #[arg(long)]
    pub strict: bool,
    /// Do not prove that the image starts. Loud, and for emergencies.
    #[arg(long)]
    pub no_verify: bool,
    /// Compression of the layers.
    #[arg(long, value_enum)]
    pub compression: Option<CompressionChoice>,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// How much of the packages is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SliceChoice {
    /// What no application misses: documentation, rare character sets, test suites.
    Safe,
    /// Nothing but documentation.
    Full,
    /// Also what a web application does not use: curses, readline, dbm.
    Web,
}

/// Which of an application's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum VariantChoice {
    /// Nothing but the application and what it runs on.
    Standard,
    /// The same, and a shell and tools in /busybox, found last on PATH.
    Debug,
}

impl VariantChoice {
    /// The name as the configuration writes it.
    pub fn name(self) -> String {
        match self {
            Self::Standard => "standard".to_owned(),
            Self::Debug => "debug".to_owned(),
        }
    }
}

/// Compression of the layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionChoice {
    /// Read by everything.
    Gzip,
    /// Smaller and faster; needs a recent engine.
    Zstd,
}

/// What only a build of a Dockerfile understands.
#[derive(Debug, Args)]
#[command(next_help_heading = "Dockerfiles")]
pub struct DockerfileArgs {
    /// Build this Dockerfile, with DIR as its context; `-` reads it from standard input.
    #[arg(
        short,
        long,
        value_name = "FILE",
        alias = "dockerfile",
        conflicts_with_all = [
            "debian", "locked", "user", "arbitrary_user", "slice", "variant", "strict", "no_verify", "mirror", "offline"
        ]
    )]
    pub file: Option<PathBuf>,
    /// The stage to build [default: the last one].
    #[arg(long, value_name = "STAGE", requires = "file")]
    pub target: Option<String>,
    /// The value of an ARG; without a value, pass on ours.
    #[arg(long, value_name = "NAME[=VALUE]", requires = "file")]
    pub build_arg: Vec<String>,
    /// Something else to build on or to copy from: a directory, docker-image://NAME, oci-layout://DIR[:TAG], oci:DIR[:NAME],
    /// oci-archive:FILE, docker-archive:FILE or docker:NAME.
    #[arg(long, value_name = "NAME=PLACE", requires = "file")]
    pub build_context: Vec<String>,
    /// A file or variable that a RUN may see: id=NAME,src=FILE or id=NAME,env=VARIABLE.
    #[arg(long, value_name = "SPEC", requires = "file")]
    pub secret: Vec<String>,
    /// A key agent's socket that a RUN may use: default or ID=SOCKET.
    #[arg(long, value_name = "ID[=SOCKET]", requires = "file")]
    pub ssh: Vec<String>,
    /// A label of the image.
    #[arg(long, value_name = "NAME=VALUE", requires = "file")]
    pub label: Vec<String>,
    /// An annotation of the manifest.
    #[arg(long, value_name = "NAME=VALUE", requires = "file")]
    pub annotation: Vec<String>,
    /// A further line of `/etc/hosts` for RUN.
    #[arg(long, value_name = "HOST:ADDRESS", requires = "file")]
    pub add_host: Vec<String>,
    /// What RUN sees of the network unless it says so itself.
    #[arg(long = "network", value_enum, requires = "file")]
    pub run_network: Option<RunNetwork>,
    /// Do everything again.
    #[arg(long, requires = "file")]
    pub no_cache: bool,
    /// Ask the registries for base images again, also for those that are here.
    #[arg(long, requires = "file")]
    pub pull: bool,
    /// Give context files the permission bits that Git knows, so that umasks make no difference.
    #[arg(long, requires = "file")]
    pub normalize_modes: bool,
    /// How commands are executed [default: the strongest way that works].
    #[arg(long, value_enum, requires = "file")]
    pub tier: Option<TierChoice>,
    /// Only judge the Dockerfile, as `lint` does.
    #[arg(long, requires = "file")]
    pub check: bool,
    /// Print what would be done instead of doing it.
    #[arg(long, value_enum, value_name = "WHAT", requires = "file")]
    pub print: Option<PrintChoice>,
    /// Write the image's digest into this file.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub iidfile: Option<PathBuf>,
    /// Write what was built into this file, as JSON.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub metadata_file: Option<PathBuf>,
    /// The context, as kaniko calls it; the same as DIR.
    #[arg(long, value_name = "DIR", requires = "file", conflicts_with = "directory")]
    pub context: Option<PathBuf>,
    /// Name the image and push it, as kaniko does.
    #[arg(long, value_name = "NAME", requires = "file")]
    pub destination: Vec<String>,
    /// Do not push to `--destination`.
    #[arg(long, requires = "file", conflicts_with = "push")]
    pub no_push: bool,
}

/// What RUN sees of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunNetwork {
    /// The host's own.
    Default,
    /// The host's own.
    Host,
    /// Only loopback.
    None,
}

/// How commands are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TierChoice {
    /// A user namespace with subordinate ids.
    UserNamespace,
    /// A user namespace with a single id.
    SingleId,
    /// Namespaces as root.
    Root,
    /// A private root without namespaces.
    Chroot,
}

/// What `--print` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PrintChoice {
    /// Stages and steps with everything expanded, as JSON.
    Plan,
}

/// `build`.
#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    pub make: MakeArgs,
    /// Platforms, separated by commas: linux/amd64, linux/arm64.
    #[arg(long, value_delimiter = ',', value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Name of the image [default: the directory's name].
    #[arg(short, long, value_name = "NAME")]
    pub tag: Vec<String>,
    /// Also write it: oci:DIR, oci-archive:FILE, docker-archive:FILE or dir:ROOTFS.
    #[arg(short, long, value_name = "KIND:PATH")]
    pub output: Vec<String>,
    /// Also load it into the Docker or Podman engine of this machine.
    #[arg(long)]
    pub load: bool,
    /// Also send it to the registries that its names say.
    #[arg(long, requires = "tag")]
    pub push: bool,
    /// With `--push`: send no bill of materials and no provenance along.
    #[arg(long, requires = "push")]
    pub no_attest: bool,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    // Last: its heading would cover what follows.
    #[command(flatten)]
    pub dockerfile: DockerfileArgs,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// An image's name, or a directory to build first.
    #[arg(value_name = "IMAGE|DIR", default_value = ".")]
    pub image: String,
    /// Which image to build of a directory: as it runs, or with a static busybox in /busybox.
    #[arg(long, value_enum)]
    pub variant: Option<VariantChoice>,
    /// Arguments for the application, after its own.
    #[arg(last = true)]
    pub arguments: Vec<String>,
    /// Set an environment variable; without a value, pass on ours.
    #[arg(short, long, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Make a directory of this machine visible: HOST:CONTAINER[:ro].
    #[arg(long, value_name = "HOST:CONTAINER[:ro]")]
    pub volume: Vec<String>,
    /// Take the container off the host's network and publish a port: [ADDRESS:]HOST:CONTAINER.
    #[arg(short, long, value_name = "[ADDRESS:]HOST:CONTAINER")]
    pub publish: Vec<String>,
    /// `host` (default) or `none`.
    #[arg(long, value_enum)]
    pub network_mode: Option<NetworkMode>,
    /// Run another program of the image instead of its entry point.
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    /// Run as another numeric user.
    #[arg(long, value_name = "UID[:GID]")]
    pub user: Option<String>,
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// The container's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum NetworkMode {
    /// The host's own.
    Host,
    /// Only loopback.
    None,
}

/// `lock`.
#[derive(Debug, Args)]
pub struct LockArgs {
    #[command(flatten)]
    pub make: MakeArgs,
    /// Platforms, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Take newer versions where the requirements allow them.
    #[arg(long)]
    pub upgrade: bool,
}

/// `outdated`.
#[derive(Debug, Args)]
pub struct OutdatedArgs {
    /// The application's directory.
    #[arg(value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    #[command(flatten)]
    pub network: NetworkArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    pub make: MakeArgs,
    /// Replace a `bareboat.toml` that is there.
    #[arg(long)]
    pub force: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// A path in the image, as in /usr/lib/x86_64-linux-gnu/libssl.so.3, or a rule: from-latest, DL3007, user-root.
    #[arg(value_name = "PATH|RULE")]
    pub subject: String,
    /// The image [default: the newest one].
    #[arg(long, value_name = "NAME")]
    pub image: Option<String>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// Dockerfiles, Compose and bake files, directories to search for them, globs, or `-` for standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    pub paths: Vec<PathBuf>,
    /// The build context [default: each Dockerfile's directory].
    #[arg(long, value_name = "DIR")]
    pub context: Option<PathBuf>,
    /// What to call standard input.
    #[arg(long, value_name = "NAME")]
    pub stdin_filename: Option<String>,
    /// Files and directories not to search, as `.gitignore` names them.
    #[arg(long, value_name = "PATTERN")]
    pub exclude: Vec<String>,
    /// Repair what can be repaired without changing what the image does.
    #[arg(long)]
    pub fix: bool,
    /// With `--fix` or `--diff`: also repair what may change what the image does.
    #[arg(long = "unsafe")]
    pub unsafe_fixes: bool,
    /// Show what `--fix` or `--add-ignore` would change, and change nothing.
    #[arg(long)]
    pub diff: bool,
    /// Write comments that silence what is found, with the reason that is given.
    #[arg(
        long,
        value_name = "REASON",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "TODO: say why",
        conflicts_with = "fix"
    )]
    pub add_ignore: Option<String>,
    /// The mildest finding that makes the exit code 1 [default: info].
    #[arg(long, value_name = "SEVERITY")]
    pub threshold: Option<ThresholdChoice>,
    /// The configuration file [default: the nearest one].
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Look for no configuration file.
    #[arg(long)]
    pub no_config: bool,
    /// Where to start from [default: recommended].
    #[arg(long, value_enum)]
    pub preset: Option<PresetChoice>,
    /// The rule set of this month: rules that came later are off [default: the newest].
    #[arg(long, value_name = "YEAR.MONTH")]
    pub ruleset: Option<String>,
    /// Rules that are on besides those of the preset, by name or by another tool's code.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub enable: Vec<String>,
    /// Rules whose findings are not wanted, by name or by another tool's code.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub ignore: Vec<String>,
    /// Comments in the file silence nothing.
    #[arg(long)]
    pub no_pragmas: bool,
    /// Findings to accept.
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write the baseline: accept everything that is found now.
    #[arg(long)]
    pub write_baseline: bool,
    /// Print every rule and whether it is on, as text or with `--format json`.
    #[arg(long)]
    pub list_rules: bool,
    /// Which ShellCheck is asked about scripts: the one on the search path, none, or this one [default: auto].
    #[arg(long, value_name = "auto|off|PATH", value_parser = shellcheck_choice)]
    pub shellcheck: Option<ShellCheckChoice>,
    /// Where base images may be read, first asked first; without it only built-in tables are asked.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PLACE")]
    pub resolve: Vec<ResolveFrom>,
    /// How findings are printed [default: text].
    #[arg(long, value_enum)]
    pub format: Option<FindingFormat>,
}

fn shellcheck_choice(text: &str) -> Result<ShellCheckChoice, std::convert::Infallible> {
    Ok(text.into())
}

/// Where a base image may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ResolveFrom {
    /// The local store.
    Store,
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// The image's registry: the image is pulled.
    Registry,
}

/// From where on findings are a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThresholdChoice {
    /// Only what fails or is dangerous.
    Error,
    /// Also likely mistakes.
    Warning,
    /// Also what is worth knowing.
    Info,
    /// Everything.
    Style,
    /// Nothing that is found.
    Never,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FindingFormat {
    /// For people: with the source.
    Text,
    /// For programs; carries a version.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// GitHub's workflow commands: annotations.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// The same, by its other name.
    Codeclimate,
    /// Checkstyle's XML.
    Checkstyle,
    /// JUnit's XML.
    Junit,
    /// A line per finding, as compilers write it.
    Gnu,
    /// SonarQube's generic issues.
    Sonarqube,
    /// Tables for a comment.
    Markdown,
}

/// A set of rules to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PresetChoice {
    /// What everybody should see.
    Recommended,
    /// Every rule.
    All,
    /// What hadolint reports by default.
    Hadolint,
    /// BuildKit's build checks.
    Buildkit,
}

/// Which image to read.
#[derive(Debug, Args)]
pub struct ImageArgs {
    /// An image's name in the local store, registry:NAME, docker:NAME, podman:NAME, a path, oci:DIR[:NAME],
    /// oci-archive:FILE[:NAME], docker-archive:FILE[:NAME] or dir:ROOTFS. A name that begins with its registry needs no
    /// `registry:`.
    #[arg(value_name = "IMAGE")]
    pub image: String,
    /// Which of several images [default: the one for this machine].
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// An image, as `inspect` takes it.
    #[arg(value_name = "IMAGE", required_unless_present = "list_rules")]
    pub image: Option<String>,
    /// Which of several images [default: the one for this machine], or `all`.
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// The mildest finding that makes the exit code 1.
    #[arg(long, value_name = "SEVERITY", default_value = "warning")]
    pub threshold: ThresholdChoice,
    /// Where to start from.
    #[arg(long, value_enum, default_value = "recommended")]
    pub preset: AuditPreset,
    /// Rules that are on besides those of the preset, by name or by another tool's code.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub enable: Vec<String>,
    /// Rules that are off, by name or by another tool's code.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub ignore: Vec<String>,
    /// Findings that are accepted, with a reason and an end: a TOML file of [[waiver]] tables.
    #[arg(long, value_name = "FILE")]
    pub waivers: Option<PathBuf>,
    /// The Dockerfile that the image was made from: findings then name its lines.
    #[arg(long, value_name = "FILE")]
    pub dockerfile: Option<PathBuf>,
    /// Say how bad a rule's findings are: user-numeric=error.
    #[arg(long, value_delimiter = ',', value_name = "RULE=SEVERITY")]
    pub severity: Vec<String>,
    /// Print every rule and whether it is on, as text or with `--format json`.
    #[arg(long)]
    pub list_rules: bool,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: FindingFormat,
}

/// A set of audit rules to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AuditPreset {
    /// What everybody should see.
    Recommended,
    /// Every rule.
    All,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Images, as `audit` takes them.
    #[arg(value_name = "IMAGE", required = true, num_args = 2..)]
    pub images: Vec<String>,
    /// Which of several images [default: those for this machine].
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// How the result is printed [default: as the output's name ends, else text].
    #[arg(long, value_enum)]
    pub format: Option<CompareFormat>,
    /// Write it to a file instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The colours of a picture.
    #[arg(long, value_enum, default_value = "auto")]
    pub theme: ThemeChoice,
    /// Fail when an image has more than the first one: pull=5%, visible=2MB, max-pull=60MB, surface, shells, managers,
    /// compilers, network, interpreters, executables, escalators, writable-code, secrets, packages, hard-rules.
    #[arg(long, value_delimiter = ',', value_name = "BUDGET")]
    pub fail_on: Vec<String>,
}

/// How a comparison is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompareFormat {
    /// For people: a table for the terminal, best first.
    Text,
    /// For programs; carries a version.
    Json,
    /// For a pull request: a table as the images were named, and what differs behind folds.
    Markdown,
    /// One page without network: all of it.
    Html,
    /// A picture for a README.
    Svg,
    /// The same for places that show no SVG.
    Png,
}

/// The colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ThemeChoice {
    /// Dark on white.
    Light,
    /// Light on black.
    Dark,
    /// As the reader's system likes it; a PNG is light.
    Auto,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// Files of tests, schema 1.0.0 or 2.0.0.
    #[arg(short = 'c', long = "config", value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Do not run commands: those tests are skipped.
    #[arg(long)]
    pub no_commands: bool,
    /// A test that is skipped is a failure.
    #[arg(long)]
    pub no_skip: bool,
    /// The longest that one command may run, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    pub timeout: u64,
    /// How the results are printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: CheckFormat,
}

/// How the results of tests are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// For programs; carries a version.
    Json,
    /// JUnit's XML.
    Junit,
}

/// `explore`.
#[derive(Debug, Args)]
pub struct ExploreArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// Print the biggest directories and files instead; also where there is no terminal.
    #[arg(long)]
    pub plain: bool,
    /// With `--plain`: so many.
    #[arg(long, value_name = "NUMBER", default_value = "30")]
    pub lines: usize,
}

/// `sbom`.
#[derive(Debug, Args)]
pub struct SbomArgs {
    #[command(flatten)]
    pub image: ImageArgs,
    /// Which document.
    #[arg(long, value_enum, default_value = "spdx-json")]
    pub format: BillFormat,
    /// Write it there and not to standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// A form of bills of materials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum BillFormat {
    /// SPDX 2.3.
    SpdxJson,
    /// CycloneDX 1.6.
    #[value(name = "cyclonedx-json")]
    CycloneDxJson,
}

/// `images`.
#[derive(Debug, Args)]
pub struct FormatArgs {
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `save`.
#[derive(Debug, Args)]
pub struct SaveArgs {
    /// An image's name, or the start of its digest.
    pub image: String,
    /// Where to: oci:DIR, oci-archive:FILE, docker-archive:FILE or dir:ROOTFS.
    #[arg(short, long, value_name = "KIND:PATH")]
    pub output: Vec<String>,
    /// Load it into the Docker or Podman engine of this machine.
    #[arg(long)]
    pub load: bool,
    /// Which image of several: linux/arm64 [default: all where there is room, else this machine's].
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<String>,
}

/// How registries are talked to.
#[derive(Debug, Args, Clone, Default)]
pub struct RegistryArgs {
    /// A registry that may be asked without encryption, as HOST[:PORT]; loopback always may.
    #[arg(long, value_name = "REGISTRY")]
    pub plain_http: Vec<String>,
}

/// `push`.
#[derive(Debug, Args)]
pub struct PushArgs {
    /// An image's name, or the start of its digest.
    pub image: String,
    /// Where to: REGISTRY/REPOSITORY[:TAG] [default: the image's own name].
    #[arg(value_name = "NAME")]
    pub names: Vec<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `pull`.
#[derive(Debug, Args)]
pub struct PullArgs {
    /// REGISTRY/REPOSITORY[:TAG][@DIGEST].
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Of an image for several platforms, these [default: this machine's].
    #[arg(long, value_delimiter = ',', value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Of an image for several platforms, all.
    #[arg(long, conflicts_with = "platform")]
    pub all_platforms: bool,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// `copy`.
#[derive(Debug, Args)]
pub struct CopyArgs {
    /// From where: REGISTRY/NAME, registry:NAME, store:NAME or a short name in the local store, oci:DIR[:NAME] or
    /// oci-archive:FILE[:NAME].
    #[arg(value_name = "SOURCE")]
    pub from: String,
    /// Where to: REGISTRY/NAME, registry:NAME, store:NAME, oci:DIR[:NAME] or oci-archive:FILE[:NAME].
    #[arg(value_name = "DESTINATION")]
    pub to: String,
    /// Of an image for several platforms, these [default: all].
    #[arg(long, value_delimiter = ',', value_name = "PLATFORM")]
    pub platform: Vec<String>,
    /// Between registries: also what refers to the image.
    #[arg(long)]
    pub referrers: bool,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// `tags`.
#[derive(Debug, Args)]
pub struct TagsArgs {
    /// REGISTRY/REPOSITORY.
    #[arg(value_name = "NAME")]
    pub name: String,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `index`.
#[derive(Debug, Args)]
pub struct IndexArgs {
    /// The index: REGISTRY/REPOSITORY[:TAG].
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Images at registries, best by digest; those of other repositories are copied.
    #[arg(value_name = "IMAGE", required = true)]
    pub images: Vec<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// `referrers`.
#[derive(Debug, Args)]
pub struct ReferrersArgs {
    /// REGISTRY/REPOSITORY[:TAG][@DIGEST].
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Only artifacts of this type: application/spdx+json.
    #[arg(long = "type", value_name = "TYPE")]
    pub artifact_type: Option<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// `delete`.
#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// REGISTRY/REPOSITORY:TAG for the tag, REGISTRY/REPOSITORY@DIGEST for the image.
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// `login`.
#[derive(Debug, Args)]
pub struct LoginArgs {
    /// The registry: ghcr.io, localhost:5000; docker.io is Docker Hub.
    #[arg(value_name = "REGISTRY", default_value = "docker.io")]
    pub domain: String,
    /// User name.
    #[arg(short, long = "username", value_name = "NAME")]
    pub user: Option<String>,
    /// Read the password from standard input.
    #[arg(long)]
    pub password_stdin: bool,
    #[command(flatten)]
    pub registry: RegistryArgs,
}

/// What to do with the cache.
#[derive(Debug, Subcommand)]
pub enum CacheAction {
    /// How much is kept, and where.
    Show(FormatArgs),
    /// Remove what was not used for long and no image needs.
    Prune {
        /// Keep at most this much: 500M, 2G.
        #[arg(long, value_name = "SIZE")]
        max: Option<String>,
        /// Remove what was not used for this many days.
        #[arg(long, value_name = "DAYS")]
        older: Option<u64>,
        /// Only say what would go.
        #[arg(long)]
        dry_run: bool,
    },
    /// Read every byte again and compare it with its digest.
    Verify {
        /// Remove what is damaged, so that it is fetched or built again.
        #[arg(long)]
        repair: bool,
    },
}

/// How a result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; carries a version.
    Json,
}
