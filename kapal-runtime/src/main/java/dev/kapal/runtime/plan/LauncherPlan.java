package dev.kapal.runtime.plan;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.RootFilesystem;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The plan of a launcher: a program of the host, such as {@code runc create}, that makes a
 * container's process and ends. Nothing of the host is closed to it; a root file system that is an
 * overlay is mounted in a mount namespace of its own, so that nothing shows on the host and nothing
 * can be left behind.
 *
 * @param program what is executed, an absolute path
 * @param arguments its name, and its arguments
 * @param environment its whole environment
 * @param root what to do about mounts before it runs; empty: it runs in the monitor's namespace
 * @param stdio bits of docs/launch-plan.md
 * @param preserveFds how many descriptors are passed as 3, 4, …
 */
public record LauncherPlan(
    String program,
    List<String> arguments,
    List<String> environment,
    Optional<Root> root,
    int stdio,
    int preserveFds) {
  private static final long CLONE_NEWNS = 0x20000;

  /**
   * What happens in the mount namespace.
   *
   * @param overlay the layers to mount; empty: whoever is launched will mount something itself
   * @param place the directory to mount the overlay on; without one, the directory to start in
   * @param below the mount that the place is on: it alone is cut off from the host, so that all
   *     others pass on what a container with shared propagation mounts
   */
  public record Root(Optional<RootFilesystem.Overlay> overlay, String place, String below) {}

  /** Of a program that is named by its path. */
  public LauncherPlan(
      List<String> arguments,
      List<String> environment,
      Optional<Root> root,
      int stdio,
      int preserveFds) {
    this(arguments.getFirst(), arguments, environment, root, stdio, preserveFds);
  }

  /** Copies the lists. */
  public LauncherPlan {
    arguments = List.copyOf(arguments);
    environment = List.copyOf(environment);
  }

  /**
   * Compiles it.
   *
   * @throws dev.kapal.runtime.ContainerException.Unsupported if the host cannot mount the overlay
   */
  public LaunchPlan compile(HostFacts facts) {
    LaunchInputs inputs =
        new LaunchInputs(
            "",
            new RootFilesystem.Directory(java.nio.file.Path.of("/")),
            "/",
            Map.of(),
            Map.of(),
            false,
            stdio,
            preserveFds,
            false,
            false,
            Optional.empty());
    Compilation c = new Compilation(RuntimeConfig.empty(), facts, inputs);
    Section s = c.init;
    root.ifPresent(r -> {
      s.to("cut the mount " + r.below() + " off from the host");
      c.mount(s, "none", r.below(), "", MountFlags.MS_SLAVE, "");
      r.overlay().ifPresent(overlay -> new RootPlan(c).overlay(s, overlay, r.place()));
      s.call("chdir", Arg.of(r.overlay().isPresent() ? "/" : r.place()));
    });
    new ProcessPlan(c, Process.empty(), Optional.empty(), ProcessPlan.Barrier.NONE).descriptors(s);
    s.to("execute " + arguments.getFirst());
    s.op(
        Op.EXEC,
        new Arg.Strings(List.of(program)),
        new Arg.Strings(arguments),
        new Arg.Strings(environment));
    return c.plan(root.isPresent() ? CLONE_NEWNS : 0, Optional.empty());
  }
}
