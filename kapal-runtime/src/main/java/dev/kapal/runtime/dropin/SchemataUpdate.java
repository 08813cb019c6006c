package dev.kapal.runtime.dropin;

import dev.kapal.oci.runtime.IntelRdt;
import dev.kapal.oci.runtime.RuntimeConfigJson;
import java.util.Optional;

/**
 * {@code update --l3-cache-schema} and {@code --mem-bw-schema}: other schemata for a container's
 * class of service. One that has none gets one of its own, with all its processes.
 */
final class SchemataUpdate {
  private final Kept kept;
  private final IntelRdt config;
  private final ResourceControl control;
  private final boolean first;

  private SchemataUpdate(Kept kept, IntelRdt config, ResourceControl control, boolean first) {
    this.kept = kept;
    this.config = config;
    this.control = control;
    this.first = first;
  }

  /** What is asked for, if it can be done; nothing is changed yet. */
  static Optional<SchemataUpdate> of(Session session, Flags flags, Kept kept) {
    Optional<String> l3 = flags.value("l3-cache-schema").filter(schema -> !schema.isEmpty());
    Optional<String> bandwidth = flags.value("mem-bw-schema").filter(schema -> !schema.isEmpty());
    if (l3.isEmpty() && bandwidth.isEmpty()) {
      return Optional.empty();
    }
    Optional<IntelRdt> now = kept.linux().intelRdt();
    IntelRdt before = now.orElseGet(() -> new IntelRdt("", java.util.List.of(), "", "", false));
    IntelRdt after =
        new IntelRdt(
            before.closId(),
            before.schemata(),
            l3.orElse(before.l3CacheSchema()),
            bandwidth.orElse(before.memBwSchema()),
            before.enableMonitoring());
    if (now.isEmpty()) {
      ResourceControl control =
          ResourceControl.checked(session, Optional.of(after), kept.id()).orElseThrow();
      return Optional.of(new SchemataUpdate(kept, after, control, true));
    }
    ResourceControl control =
        ResourceControl.find(session, Optional.of(after), kept.id())
            .orElseThrow(
                () -> new CommandFailed("linux.intelRdt: resctrl is not mounted any more"));
    control.checkUpdate();
    return Optional.of(new SchemataUpdate(kept, after, control, false));
  }

  IntelRdt config() {
    return config;
  }

  void apply() {
    if (!first) {
      control.update();
      return;
    }
    // What is made is known to delete before it is made.
    byte[] before = RuntimeConfigJson.write(kept.config());
    kept.files()
        .write(
            Kept.CONFIG,
            RuntimeConfigJson.write(kept.config().withLinux(kept.linux().withIntelRdt(config))));
    try {
      control.enter(kept.record().pid());
      kept.cgroup().processes().forEach(control::joinIfThere);
    } catch (CommandFailed e) {
      control.remove();
      kept.files().write(Kept.CONFIG, before);
      throw e;
    }
  }
}
