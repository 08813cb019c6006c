package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.config.CgroupSetup;
import dev.kapal.config.KapalConfig;
import dev.kapal.config.runtime.PathLookup;
import dev.kapal.config.text.ConfigException;
import dev.kapal.config.text.Problem;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineParts;
import dev.kapal.engine.core.LocalEngine;
import dev.kapal.image.ImageException;
import dev.kapal.image.Images;
import dev.kapal.image.local.LocalImages;
import dev.kapal.image.local.LocalImagesConfig;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.linux.SubordinateIds;
import dev.kapal.network.Networks;
import dev.kapal.runtime.Runtime;
import dev.kapal.runtime.monitor.NativeRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/** Which parts a daemon is made of. */
final class Wiring {
  private static final Logger LOG = System.getLogger(Wiring.class.getName());

  private Wiring() {}

  /**
   * What a daemon is made of.
   *
   * @param engine has recovered what a predecessor left
   * @param registries the image store's way to registries
   * @param linux the host
   * @param version of this build
   */
  record Parts(LocalEngine engine, Registries registries, Linux linux, Version version) {
    /** The names of the runtimes that containers may have. */
    List<String> runtimes() {
      return engine.system().info().runtimes();
    }

    /** Offers runtimes that were not there before; others stay as they are. */
    void offer(Offers offers) {
      offers.drivers(linux, runtimes()).forEach(engine::offer);
    }

    /** Takes over defaults for containers that are made from now on. */
    void useDefaults(KapalConfig config) {
      engine.useDefaults(configured(config, CgroupSetup.host(config), version));
    }

    /** Takes over how registries are reached from now on. */
    void useRegistries(KapalConfig config) {
      registries.use(Translation.registries(config.registries(), System.getenv(), version));
    }
  }

  /**
   * Puts a daemon together as configured.
   *
   * @throws ConfigException.Invalid when the configuration names what is not here
   */
  static Parts parts(Linux linux, KapalConfig config, Version version) {
    KapalConfig.Daemon daemon = config.daemon();
    CgroupSetup cgroups = CgroupSetup.host(config);
    Offers offers = Offers.of(config, PathLookup.system(), cgroups);
    List<Problem> problems = new ArrayList<>(Translation.problems(config, offers.names()));
    cgroups.problem().ifPresent(problems::add);
    if (!problems.isEmpty()) {
      throw new ConfigException.Invalid("the configuration does not fit this host", problems);
    }
    EngineConfig engine = configured(config, cgroups, version);
    Optional<Path> init = home().map(home -> home.resolve("bin/kapal-init"));
    if (init.isPresent() && Files.isExecutable(init.get())) {
      engine = engine.withInit(init.get());
    }
    List<Runtime> runtimes = new ArrayList<>();
    runtimes.add(NativeRuntime.create(linux, KernelFeatures.host(), cgroups.parent()));
    runtimes.addAll(offers.drivers(linux, List.of()));
    Registries registries =
        new Registries(Translation.registries(config.registries(), System.getenv(), version));
    LocalEngine opened =
        LocalEngine.open(
            engine,
            new EngineParts(
                users ->
                    withEmbedded(
                        LocalImages.open(
                            new LocalImagesConfig(
                                daemon.dataDir().resolve("images"),
                                registries::as,
                                users,
                                linux.descriptors()))),
                runtimes,
                Networks.open(Translation.network(config)),
                linux));
    return new Parts(opened, registries, linux, version);
  }

  /** As configured, with what the host says about ids where the configuration says nothing. */
  private static EngineConfig configured(KapalConfig config, CgroupSetup cgroups, Version version) {
    return Translation.engine(config, cgroups, version)
        .withIdMappings(
            UserNamespaceIds.mapping(config.containers().usernsUids(), SubordinateIds.uids()),
            UserNamespaceIds.mapping(config.containers().usernsGids(), SubordinateIds.gids()));
  }

  /**
   * The store always holds the embedded image; without room for it the daemon serves all the same.
   */
  private static Images withEmbedded(Images images) {
    try {
      images.ensureEmbedded();
    } catch (ImageException e) {
      LOG.log(Level.WARNING, "the embedded image is not there: {0}", e.getMessage());
    }
    return images;
  }

  /** What the build says of itself. */
  static Version version() {
    Optional<Path> file = home().map(home -> home.resolve("lib/build.properties"));
    if (file.isEmpty() || !Files.isReadable(file.get())) {
      return Version.UNKNOWN;
    }
    Properties build = new Properties();
    try (InputStream in = Files.newInputStream(file.get())) {
      build.load(in);
    } catch (IOException e) {
      return Version.UNKNOWN;
    }
    return Version.of(build);
  }

  /** The folder of the installation; kapald says it. */
  private static Optional<Path> home() {
    return Optional.ofNullable(System.getProperty("kapal.home")).map(Path::of);
  }
}
