package dev.kapal.runtime.driver;

import dev.kapal.linux.Capabilities;
import dev.kapal.oci.runtime.Process;
import dev.kapal.oci.runtime.RuntimeConfig;
import dev.kapal.runtime.plan.HostFacts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How soon the kernel kills a container for lack of memory, as far as it is ours to say. Without
 * CAP_SYS_RESOURCE nobody can make himself less likely to be killed (proc_pid_oom_score_adj(5)),
 * and programs refuse to start a container that is to be. The built-in runtime starts it all the
 * same, so others are told what can be done.
 */
public final class OomScore {
  private static final Path OWN = Path.of("/proc/self/oom_score_adj");

  private OomScore() {}

  /** The config with what can be done. */
  public static RuntimeConfig possible(RuntimeConfig config, HostFacts host) {
    boolean free =
        (host.capabilities() & Capabilities.mask(java.util.List.of("CAP_SYS_RESOURCE"))) != 0;
    return free ? config : atLeast(config, own());
  }

  static RuntimeConfig atLeast(RuntimeConfig config, int least) {
    if (config.process().flatMap(Process::oomScoreAdj).filter(n -> n < least).isEmpty()) {
      return config;
    }
    return config.withProcess(config.process().orElseThrow().withOomScoreAdj(least));
  }

  private static int own() {
    try {
      return Integer.parseInt(Files.readString(OWN).strip());
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }
}
