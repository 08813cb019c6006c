package dev.kapal.runtime.plan;

import dev.kapal.linux.MountFlags;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.RootFilesystem;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The plan of {@code criu swrk 3}: CRIU that is asked over the socket which is its descriptor 3.
 * CRIU wants the root of what it restores to be a mount point; it becomes one in a mount namespace
 * of CRIU's own, so that nothing shows on the host and nothing can be left behind.
 *
 * @param programs where CRIU may be, in the order in which it is looked for
 * @param environment its whole environment
 * @param root the root file system of a container that is to be restored
 * @param descriptors how many it gets as 3, 4, …
 */
public record CriuPlan(
    List<String> programs, List<String> environment, Optional<Path> root, int descriptors) {
  private static final long CLONE_NEWNS = 0x20000;

  /** Copies the lists. */
  public CriuPlan {
    programs = List.copyOf(programs);
    environment = List.copyOf(environment);
  }

  /** Compiles it. */
  public LaunchPlan compile(HostFacts facts) {
    LaunchInputs inputs =
        new LaunchInputs(
            "",
            new RootFilesystem.Directory(Path.of("/")),
            "/",
            Map.of(),
            Map.of(),
            false,
            0,
            descriptors,
            false,
            false,
            Optional.empty());
    Compilation c = new Compilation(RuntimeConfig.empty(), facts, inputs);
    Section s = c.init;
    root.ifPresent(path -> {
      s.to("cut CRIU's mounts off from the host");
      c.mount(s, "none", "/", "", MountFlags.MS_SLAVE | MountFlags.MS_REC, "");
      s.to("make " + path + " a mount point for CRIU");
      c.mount(s, path.toString(), path.toString(), "", MountFlags.MS_BIND | MountFlags.MS_REC, "");
    });
    s.call("chdir", Arg.of("/"));
    new ProcessPlan(c, Process.empty(), Optional.empty(), ProcessPlan.Barrier.NONE).descriptors(s);
    s.to("execute criu");
    s.op(
        Op.EXEC,
        new Arg.Strings(programs),
        new Arg.Strings(List.of("criu", "swrk", "3")),
        new Arg.Strings(environment));
    return c.plan(root.isPresent() ? CLONE_NEWNS : 0, Optional.empty());
  }
}
