package dev.kapal.config.runtime;

import dev.kapal.config.text.Node;
import dev.kapal.config.text.Position;
import dev.kapal.runtime.Tier;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A runtime as it is configured, or as its well-known name implies.
 *
 * @param name as users write it
 * @param kind how it is driven
 * @param path absolute, or a bare name to look up on PATH; empty: looked up by the runtime's name
 *     or the shim's type
 * @param args before the command, kind oci only
 * @param root the runtime's own state directory
 * @param type the shim's type, kind shim only
 * @param options for the shim
 * @param tier how strongly it isolates
 * @param podAnnotations globs of annotations that it is given
 * @param containerAnnotations globs of annotations that it is given
 * @param snapshotter of its images; empty: the usual one
 * @param systemdCgroup whether it asks systemd for cgroups
 * @param sandboxer whether the shim makes pods' sandboxes itself, kind shim only
 * @param createTimeout longest time for making a container
 * @param privilegedWithoutHostDevices privileged containers get none of the host's devices
 * @param at where it is configured; {@link Position#DEFAULT}: nowhere
 */
public record RuntimeEntry(
    String name,
    Kind kind,
    Optional<String> path,
    List<String> args,
    Optional<String> root,
    Optional<String> type,
    Node.Table options,
    Tier tier,
    List<String> podAnnotations,
    List<String> containerAnnotations,
    Optional<String> snapshotter,
    boolean systemdCgroup,
    boolean sandboxer,
    Duration createTimeout,
    boolean privilegedWithoutHostDevices,
    Position at) {
  /** As long as CRI-O waits. */
  public static final Duration CREATE_TIMEOUT = Duration.ofMinutes(4);

  public RuntimeEntry {
    args = List.copyOf(args);
    podAnnotations = List.copyOf(podAnnotations);
    containerAnnotations = List.copyOf(containerAnnotations);
  }

  /** How a runtime is driven. */
  public enum Kind {
    /** Kapal's own. */
    NATIVE,
    /** By the command line of runc. */
    OCI,
    /** By the shim protocol of containerd, version 2. */
    SHIM
  }

  /** This, with another longest time for making a container. */
  public RuntimeEntry withCreateTimeout(Duration time) {
    return new RuntimeEntry(
        name,
        kind,
        path,
        args,
        root,
        type,
        options,
        tier,
        podAnnotations,
        containerAnnotations,
        snapshotter,
        systemdCgroup,
        sandboxer,
        time,
        privilegedWithoutHostDevices,
        at);
  }

  /** A runtime that nobody configured. */
  static RuntimeEntry wellKnown(String name, Kind kind, Optional<String> type) {
    return new RuntimeEntry(
        name,
        kind,
        Optional.empty(),
        List.of(),
        Optional.empty(),
        type,
        Node.Table.empty(Position.DEFAULT),
        kind == Kind.NATIVE ? Tier.NATIVE : Tiers.of(type.orElse(name)),
        List.of(),
        List.of(),
        Optional.empty(),
        false,
        false,
        CREATE_TIMEOUT,
        false,
        Position.DEFAULT);
  }
}
