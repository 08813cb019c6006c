package dev.kapal.runtime.monitor;

import static dev.kapal.linux.Fcntl.*;

import dev.kapal.linux.Fd;
import dev.kapal.oci.runtime.IdMapping;
import dev.kapal.oci.runtime.NamespaceType;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.plan.Arg;
import dev.kapal.runtime.plan.LaunchPlan;
import dev.kapal.runtime.plan.Op;
import dev.kapal.runtime.plan.Step;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Makes a user namespace that only serves as the id map of a mount: a process that waits in it, and
 * is then killed.
 */
final class MappedNamespace {
  private static final Duration TIME = Duration.ofSeconds(30);
  private final NativeSandbox sandbox;

  MappedNamespace(NativeSandbox sandbox) {
    this.sandbox = sandbox;
  }

  Fd open(List<IdMapping> uids, List<IdMapping> gids) {
    Step wait =
        new Step(
            Op.SYNC,
            "",
            0,
            List.of(Arg.of(LaunchPlan.SYNC_MAPS)),
            Optional.empty(),
            0,
            List.of(),
            "get the id maps of a mount");
    LaunchPlan plan =
        new LaunchPlan(
            sandbox.host().facts().arch().elfMachine(),
            List.of(),
            List.of(wait),
            List.of(),
            1,
            NamespaceType.USER.cloneFlag(),
            0,
            Optional.empty(),
            List.of());
    NativeProcess process = new NativeProcess(sandbox, sandbox.nextNumber(), false);
    sandbox.register(process);
    try {
      new Launch(sandbox, process, plan, LogTarget.NONE, Input.NONE, Optional.empty())
          .start(List.of(), false);
      if (process.watch().await(TIME) != LaunchPlan.SYNC_MAPS) {
        throw new ContainerException.Failed("A user namespace for id-mapped mounts cannot be made");
      }
      UserMaps.write(sandbox.host().linux(), process.pid(), uids, gids);
      return sandbox
          .host()
          .linux()
          .descriptors()
          .open("/proc/" + process.pid() + "/ns/user", O_RDONLY);
    } finally {
      // It has nothing to execute: released, it ends.
      if (process.watch().sync() != 0) {
        process.watch().released();
        sandbox
            .connection()
            .ask(Packet.of(Packet.CONTINUE, process.number(), LaunchPlan.SYNC_MAPS), List.of());
      }
      if (process.launched()) {
        process.watch().await(TIME);
      }
      sandbox.forget(process.number());
    }
  }
}
