package dev.kapal.runtime.oci;

import dev.kapal.linux.Cgroup;
import dev.kapal.linux.Poller;
import dev.kapal.runtime.ContainerException;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;

/** Waits for a cgroup's memory to run out. Used under the container's lock. */
final class OomWatch {
  private final Poller poller;
  private final Cgroup cgroup;
  private Optional<Poller.Registration> registration = Optional.empty();
  private Optional<Cgroup.OomSource> source = Optional.empty();

  OomWatch(Poller poller, Cgroup cgroup) {
    this.poller = poller;
    this.cgroup = cgroup;
  }

  void start(String already, IntConsumer listener) {
    if (registration.isPresent()) {
      throw new ContainerException.WrongState(already);
    }
    source = cgroup.exists() ? cgroup.oomSource() : Optional.empty();
    registration =
        source.map(s ->
            poller.register(
                s.fd(),
                Set.of(s.event()),
                _ -> {
                  s.acknowledge();
                  listener.accept((int) cgroup.oomKills());
                }));
  }

  void stop() {
    registration.ifPresent(Poller.Registration::remove);
    source.ifPresent(Cgroup.OomSource::close);
    registration = Optional.empty();
    source = Optional.empty();
  }
}
