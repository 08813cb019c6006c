package dev.kapal.runtime.oci;

import dev.kapal.oci.runtime.RuntimeConfig;
import java.util.ArrayList;
import java.util.List;

/**
 * A further container of a sandbox with a kernel of its own (gVisor), which shows one process for
 * all of them. The native program stands for the container, as a process that ends when and as the
 * container does; see native/src/member.c.
 *
 * @param root the container's root file system where the command sees it
 * @param started the file that the start's status is written to
 * @param starter the command that starts the container, which needs its streams and its mounts
 * @param waiter the command that waits for the container and prints its status
 */
record OciMember(String root, String started, List<String> starter, List<String> waiter) {
  /** The monitor is the native program; a launch begins as a copy of it. */
  static final String PROGRAM = "/proc/self/exe";

  /** SIGUSR1: the container is to be started. */
  static final int START = 10;

  private static final String TYPE = "io.kubernetes.cri.container-type";

  OciMember {
    starter = List.copyOf(starter);
    waiter = List.copyOf(waiter);
  }

  /** Whether a container has no process of its own. */
  static boolean is(RuntimeConfig config, OciRuntimeConfig runtime) {
    return runtime.wholePods() && "container".equals(config.annotations().get(TYPE));
  }

  /** The command that makes the container and leaves the process behind. */
  List<String> around(String pidFile, List<String> create) {
    List<String> all = new ArrayList<>();
    all.addAll(List.of("kapal-member", pidFile, root, started));
    all.add(Integer.toString(starter.size()));
    all.addAll(starter);
    all.add(Integer.toString(waiter.size()));
    all.addAll(waiter);
    all.addAll(create);
    return all;
  }
}
