package dev.kapal.runtime.monitor;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.ErrnoException;
import dev.kapal.linux.Fd;
import dev.kapal.runtime.ContainerException;
import dev.kapal.runtime.Input;
import dev.kapal.runtime.LogTarget;
import dev.kapal.runtime.plan.DescriptorSpec;
import dev.kapal.runtime.plan.LaunchPlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Hands one plan to the monitor, with the descriptors that it wants. */
final class Launch {
  private final NativeSandbox sandbox;
  private final NativeProcess process;
  private final LaunchPlan plan;
  private final LogTarget log;
  private final Input input;
  private final Optional<Cgroup> cgroup;

  Launch(
      NativeSandbox sandbox,
      NativeProcess process,
      LaunchPlan plan,
      LogTarget log,
      Input input,
      Optional<Cgroup> cgroup) {
    this.sandbox = sandbox;
    this.process = process;
    this.plan = plan;
    this.log = log;
    this.input = input;
    this.cgroup = cgroup;
  }

  /**
   * Sends it; how it goes comes as events.
   *
   * @param hold whether output waits for the first attachment
   */
  void start(List<Fd> preserved, boolean hold) {
    List<Fd> mine = new ArrayList<>();
    try (IdMaps maps = new IdMaps(sandbox)) {
      List<Fd> all = new ArrayList<>();
      Fd memfd = sandbox.host().linux().memfds().create("kapal-plan", plan.encode());
      mine.add(memfd);
      all.add(memfd);
      for (DescriptorSpec spec : plan.descriptors()) {
        switch (spec) {
          case DescriptorSpec.Preserved(int index) -> all.add(preserved.get(index));
          case DescriptorSpec.StartListener() ->
              throw new IllegalArgumentException("a monitor starts its processes itself");
          case DescriptorSpec.CgroupDirectory() -> {
            Fd fd =
                cgroup
                    .flatMap(Cgroup::openUnified)
                    .orElseThrow(() ->
                        new ContainerException.Failed(
                            "The control group has no v2 directory to start a process in"));
            mine.add(fd);
            all.add(fd);
          }
          case DescriptorSpec.IdMap map -> all.add(maps.of(map));
        }
      }
      String path = log.format() == LogTarget.Format.NONE ? "" : log.path().toString();
      int flags = (input == Input.KEEP ? 1 : 0) | (hold ? 2 : 0);
      Packet packet =
          Packet.withBody(Packet.LAUNCH, process.number(), 20 + Packet.textSize(path))
              .u32(format(log.format()))
              .u32(Math.max(1, log.maxFiles()))
              .u64(log.maxSize())
              .u32(flags)
              .text(path);
      process.watch().pid((int) process.launch(packet, all, log).value());
    } catch (ErrnoException e) {
      throw new ContainerException.Failed("The process cannot be launched: " + e.getMessage(), e);
    } finally {
      mine.forEach(Fd::close);
    }
  }

  private static int format(LogTarget.Format format) {
    return switch (format) {
      case NONE -> 0;
      case JSON_FILE -> 1;
      case CRI -> 2;
    };
  }
}
