package dev.kapal.daemon;

import dev.kapal.cli.Version;
import dev.kapal.engine.Engine;
import dev.kapal.engine.EngineConfig;
import dev.kapal.engine.EngineParts;
import dev.kapal.engine.core.LocalEngine;
import dev.kapal.image.ImageException;
import dev.kapal.image.Images;
import dev.kapal.image.local.LocalImages;
import dev.kapal.image.local.LocalImagesConfig;
import dev.kapal.image.registry.RegistryConfig;
import dev.kapal.image.registry.client.RegistryClient;
import dev.kapal.linux.KernelFeatures;
import dev.kapal.linux.Linux;
import dev.kapal.network.NetworkConfig;
import dev.kapal.network.Networks;
import dev.kapal.runtime.monitor.NativeRuntime;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Properties;

/** Which parts a daemon is made of. */
final class Wiring {
  private static final Logger LOG = System.getLogger(Wiring.class.getName());

  private Wiring() {}

  /** An engine over the daemon's folders, which has recovered what a predecessor left. */
  static Engine engine(Linux linux, DaemonOptions options, Version version) {
    EngineConfig config =
        EngineConfig.at(options.runDir().resolve("state"), options.dataDir())
            .withCgroupParent(options.cgroupParent())
            .withVersion(version.version(), version.commit());
    Optional<Path> init = home().map(home -> home.resolve("bin/kapal-init"));
    if (init.isPresent() && Files.isExecutable(init.get())) {
      config = config.withInit(init.get());
    }
    RegistryClient registries =
        new RegistryClient(
            RegistryConfig.defaults()
                .withEnvironment(System.getenv())
                .withUserAgent("kapal/" + version.version()));
    return LocalEngine.open(
        config,
        new EngineParts(
            users ->
                withEmbedded(
                    LocalImages.open(
                        new LocalImagesConfig(
                            options.dataDir().resolve("images"),
                            registries::as,
                            users,
                            linux.descriptors()))),
            List.of(NativeRuntime.create(linux, KernelFeatures.host(), options.cgroupParent())),
            Networks.open(NetworkConfig.below(options.dataDir())),
            linux));
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
