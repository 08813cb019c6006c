package dev.kapal.oci.runtime;

import java.util.List;

/**
 * The hooks, each kind in its order (config.md, POSIX-platform Hooks).
 *
 * @param prestart deprecated; run as createRuntime, before them
 * @param createRuntime in the runtime namespace, before pivot_root
 * @param createContainer in the container's namespaces, before pivot_root
 * @param startContainer in the container, before its program
 * @param poststart in the runtime namespace, after the program started
 * @param poststop in the runtime namespace, after the container is deleted
 */
public record Hooks(
    List<Hook> prestart,
    List<Hook> createRuntime,
    List<Hook> createContainer,
    List<Hook> startContainer,
    List<Hook> poststart,
    List<Hook> poststop) {
  /** Absent members get their defaults. */
  public Hooks {
    prestart = Defaults.list(prestart);
    createRuntime = Defaults.list(createRuntime);
    createContainer = Defaults.list(createContainer);
    startContainer = Defaults.list(startContainer);
    poststart = Defaults.list(poststart);
    poststop = Defaults.list(poststop);
  }

  /** A value in which everything is absent; build on it with the {@code with} methods. */
  public static Hooks empty() {
    return new Hooks(List.of(), List.of(), List.of(), List.of(), List.of(), List.of());
  }

  /** This, with another {@code prestart}. */
  public Hooks withPrestart(List<Hook> prestart) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }

  /** This, with another {@code createRuntime}. */
  public Hooks withCreateRuntime(List<Hook> createRuntime) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }

  /** This, with another {@code createContainer}. */
  public Hooks withCreateContainer(List<Hook> createContainer) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }

  /** This, with another {@code startContainer}. */
  public Hooks withStartContainer(List<Hook> startContainer) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }

  /** This, with another {@code poststart}. */
  public Hooks withPoststart(List<Hook> poststart) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }

  /** This, with another {@code poststop}. */
  public Hooks withPoststop(List<Hook> poststop) {
    return new Hooks(prestart, createRuntime, createContainer, startContainer, poststart, poststop);
  }
}
