package dev.kapal.oci.runtime;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A container's configuration: {@code config.json} of a bundle (config.md). Read and written by
 * {@link RuntimeConfigJson}, checked by {@link RuntimeConfigValidator}.
 *
 * @param ociVersion version of the specification
 * @param root root file system
 * @param process the process; absent: none may be started
 * @param hostname of the UTS namespace, or empty
 * @param domainname of the UTS namespace, or empty
 * @param mounts in order
 * @param hooks programs run at points of its life
 * @param annotations free text
 * @param linux what is specific to Linux
 */
public record RuntimeConfig(
    String ociVersion,
    Optional<Root> root,
    Optional<Process> process,
    String hostname,
    String domainname,
    List<Mount> mounts,
    Hooks hooks,
    Map<String, String> annotations,
    Optional<Linux> linux) {
  /** Absent members get their defaults. */
  public RuntimeConfig {
    ociVersion = Defaults.string(ociVersion);
    root = Defaults.optional(root);
    process = Defaults.optional(process);
    hostname = Defaults.string(hostname);
    domainname = Defaults.string(domainname);
    mounts = Defaults.list(mounts);
    hooks = Defaults.or(hooks, Hooks.empty());
    annotations = Defaults.map(annotations);
    linux = Defaults.optional(linux);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static RuntimeConfig empty() {
    return new RuntimeConfig(
        "1.3.0",
        Optional.empty(),
        Optional.empty(),
        "",
        "",
        List.of(),
        Hooks.empty(),
        Map.of(),
        Optional.empty());
  }

  /** This, with another {@code ociVersion}. */
  public RuntimeConfig withOciVersion(String ociVersion) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code root}. */
  public RuntimeConfig withRoot(Root root) {
    return new RuntimeConfig(
        ociVersion,
        Optional.of(root),
        process,
        hostname,
        domainname,
        mounts,
        hooks,
        annotations,
        linux);
  }

  /** This, with another {@code process}. */
  public RuntimeConfig withProcess(Process process) {
    return new RuntimeConfig(
        ociVersion,
        root,
        Optional.of(process),
        hostname,
        domainname,
        mounts,
        hooks,
        annotations,
        linux);
  }

  /** This, with another {@code hostname}. */
  public RuntimeConfig withHostname(String hostname) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code domainname}. */
  public RuntimeConfig withDomainname(String domainname) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code mounts}. */
  public RuntimeConfig withMounts(List<Mount> mounts) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code hooks}. */
  public RuntimeConfig withHooks(Hooks hooks) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code annotations}. */
  public RuntimeConfig withAnnotations(Map<String, String> annotations) {
    return new RuntimeConfig(
        ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, linux);
  }

  /** This, with another {@code linux}. */
  public RuntimeConfig withLinux(Linux linux) {
    return new RuntimeConfig(
        ociVersion,
        root,
        process,
        hostname,
        domainname,
        mounts,
        hooks,
        annotations,
        Optional.of(linux));
  }
}
