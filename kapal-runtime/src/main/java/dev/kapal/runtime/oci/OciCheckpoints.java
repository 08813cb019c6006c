package dev.kapal.runtime.oci;

import dev.kapal.linux.Linux;
import dev.kapal.runtime.CheckpointSpec;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.ContainerSpec;
import dev.kapal.runtime.driver.CriuLog;
import dev.kapal.runtime.driver.Trees;
import java.util.ArrayList;
import java.util.List;

/**
 * Saving a container and going on from what was saved. gVisor's kernel does both itself, and a
 * created container is turned into the saved one when it starts; other programs have CRIU do it,
 * which makes the processes and lets them run in one step.
 */
final class OciCheckpoints {
  private final OciSandbox sandbox;
  private final int number;

  OciCheckpoints(OciSandbox sandbox, int number) {
    this.sandbox = sandbox;
    this.number = number;
  }

  /** Whether a checkpoint is loaded into a container that has been created. */
  static boolean intoCreated(OciRuntimeConfig config) {
    return config.program().startsWith("runsc");
  }

  private String work() {
    return "criu." + number;
  }

  /**
   * Has the program save a container.
   *
   * @throws ContainerException.Unsupported if it cannot do so here
   */
  void save(String id, CheckpointSpec spec) {
    String doing = "save the state of container " + id + " with " + sandbox.host().config().name();
    sandbox
        .host()
        .binary()
        .whyNoCheckpoints()
        .ifPresent(why -> {
          throw new ContainerException.Unsupported("Cannot " + doing + ": " + why);
        });
    List<String> arguments = new ArrayList<>(List.of("checkpoint"));
    arguments.addAll(images(spec.directory().toString()));
    if (spec.leaveRunning()) {
      arguments.add("--leave-running");
    }
    arguments.addAll(criu(spec.tcpEstablished(), spec.fileLocks(), spec.interfaces()));
    arguments.add(id);
    working(
        "dump.log",
        () -> sandbox.command(doing, sandbox.host().config().createTimeout(), arguments));
  }

  /** Arguments of {@code restore} but for the bundle and the id. */
  List<String> restoring(ContainerSpec.Restore from) {
    List<String> arguments = new ArrayList<>(List.of("restore", "--detach"));
    arguments.addAll(images(from.directory().toString()));
    arguments.addAll(criu(from.tcpEstablished(), from.fileLocks(), from.interfaces()));
    return arguments;
  }

  private List<String> images(String directory) {
    return List.of("--image-path", directory, "--work-path", sandbox.path(work()));
  }

  private List<String> criu(boolean tcpEstablished, boolean fileLocks, boolean interfaces) {
    OciRuntimeConfig config = sandbox.host().config();
    List<String> arguments = new ArrayList<>();
    if (intoCreated(config)) {
      return arguments;
    }
    if (tcpEstablished) {
      arguments.add("--tcp-established");
    }
    if (fileLocks) {
      arguments.add("--file-locks");
    }
    if (!interfaces && !config.program().startsWith("crun")) {
      arguments.addAll(List.of("--empty-ns", "network"));
    }
    return arguments;
  }

  /** Does something for which there is a directory that CRIU writes its log into. */
  void working(String log, Runnable work) {
    Linux linux = sandbox.host().linux();
    Trees.make(linux, sandbox.files().directory(), work());
    try {
      work.run();
    } catch (ContainerException.LaunchFailed e) {
      throw CriuLog.reason(linux, sandbox.files().directory(), work() + "/" + log)
          .map(why ->
              new ContainerException.LaunchFailed(
                  e.getMessage() + "; CRIU says: " + why, e.kind(), e.step(), e.errno()))
          .orElse(e);
    } finally {
      Trees.remove(linux, sandbox.files().directory(), work());
    }
  }
}
