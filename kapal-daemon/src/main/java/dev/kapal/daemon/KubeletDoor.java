package dev.kapal.daemon;

import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.runtime.RuntimeEntry;
import dev.kapal.config.runtime.RuntimeNames;
import dev.kapal.cri.CriDoor;
import dev.kapal.cri.CriOptions;
import dev.kapal.cri.config.CriConfig;
import dev.kapal.cri.observe.CallObserver;
import dev.kapal.engine.Engine;
import dev.kapal.linux.CgroupDriver;
import dev.kapal.streaming.server.StreamingOptions;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** The door for the kubelet, as configured. */
final class KubeletDoor {
  private static final Logger LOG = System.getLogger(KubeletDoor.class.getName());

  private KubeletDoor() {}

  /**
   * Opens it, if it is wanted. Without it the daemon serves all the same.
   *
   * @param config as it is at the moment
   * @param observer is shown each call; asked for at its beginning
   */
  static Optional<CriDoor> open(
      KapalConfig started,
      Supplier<KapalConfig> config,
      Engine engine,
      String version,
      Supplier<CallObserver> observer) {
    if (!started.cri().enabled()) {
      return Optional.empty();
    }
    try {
      CriDoor door =
          CriDoor.open(options(started, version), new Settings(config), engine, observer);
      LOG.log(Level.INFO, "the kubelet is served at {0}", started.cri().socket());
      return Optional.of(door);
    } catch (IOException e) {
      LOG.log(Level.ERROR, "the kubelet is not served: {0}", e.getMessage());
      return Optional.empty();
    }
  }

  static CriOptions options(KapalConfig config, String version) {
    KapalConfig.Cri cri = config.cri();
    StreamingOptions streaming =
        StreamingOptions.loopback()
            .withAddress(cri.streamAddress(), cri.streamPort())
            .withIdleTime(cri.streamIdleTimeout());
    if (cri.streamCertificate().isPresent() && cri.streamKey().isPresent()) {
      streaming =
          streaming.withTls(
              new StreamingOptions.Tls(
                  cri.streamCertificate().get(),
                  cri.streamKey().get(),
                  cri.streamClientAuthorities()));
    }
    return new CriOptions(
        cri.socket(),
        cri.extraSockets(),
        version,
        streaming,
        config.daemon().runDir().resolve("cri-told.json"));
  }

  /** What of the runtimes the door looks at. */
  static CriConfig settings(KapalConfig config) {
    Map<String, CriConfig.Passed> passed = new LinkedHashMap<>();
    Map<String, Map<String, Object>> shown = new LinkedHashMap<>();
    CgroupSetup cgroups = CgroupSetup.host(config);
    boolean systemd = cgroups.driver() == CgroupDriver.SYSTEMD;
    Offers offers = Offers.of(config, PathLookup.system(), cgroups);
    shown.put(RuntimeNames.BUILT_IN, Map.of("kind", "native", "tier", "native"));
    offers
        .programs()
        .forEach((name, program) ->
            shown.put(name, Map.of("kind", "oci", "runtimePath", program.binary().toString())));
    offers
        .shims()
        .forEach((name, shim) ->
            shown.put(name, Map.of("kind", "shim", "runtimePath", shim.binary().toString())));
    config
        .runtimes()
        .forEach((name, entry) -> {
          passed.put(
              name, new CriConfig.Passed(entry.podAnnotations(), entry.containerAnnotations()));
          shown.put(name, shown(entry, systemd));
        });
    return new CriConfig(passed, shown);
  }

  private static Map<String, Object> shown(RuntimeEntry entry, boolean systemd) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("kind", entry.kind().name().toLowerCase(Locale.ROOT));
    shown.put("tier", entry.tier().name().toLowerCase(Locale.ROOT));
    entry.type().ifPresent(type -> shown.put("runtimeType", type));
    entry.path().ifPresent(path -> shown.put("runtimePath", path));
    entry.root().ifPresent(root -> shown.put("runtimeRoot", root));
    shown.put("options", entry.options().plain());
    shown.put("systemdCgroup", systemd);
    shown.put("podAnnotations", entry.podAnnotations());
    shown.put("containerAnnotations", entry.containerAnnotations());
    return shown;
  }

  /** Translated once for each configuration that is loaded: programs are looked up on PATH. */
  private static final class Settings implements Supplier<CriConfig> {
    private record Translated(KapalConfig from, CriConfig settings) {}

    private final Supplier<KapalConfig> current;
    private volatile Optional<Translated> last = Optional.empty();

    Settings(Supplier<KapalConfig> current) {
      this.current = current;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // another object is another load
    public CriConfig get() {
      KapalConfig config = current.get();
      Optional<Translated> known = last.filter(t -> t.from() == config);
      if (known.isEmpty()) {
        known = Optional.of(new Translated(config, settings(config)));
        last = known;
      }
      return known.get().settings();
    }
  }
}
