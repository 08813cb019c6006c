package dev.kapal.image.local;

import dev.kapal.image.Image;
import dev.kapal.image.ImageException;
import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.PullPolicy;
import dev.kapal.image.PullRequest;
import dev.kapal.image.layers.LayerMeta;
import dev.kapal.image.layers.LayerSpec;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.ResolvedManifest;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.linux.FaultPoint;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Document;
import dev.kapal.oci.ImageConfig;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.OciJson;
import dev.kapal.oci.Platform;
import dev.kapal.oci.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** Gets images from registries. */
final class Puller {
  private final StoreParts parts;
  private final ImageFinder finder;
  private final Installer installer;
  private final Function<CredentialSource, Registry> registries;

  Puller(
      StoreParts parts,
      ImageFinder finder,
      Installer installer,
      Function<CredentialSource, Registry> registries) {
    this.parts = parts;
    this.finder = finder;
    this.installer = installer;
    this.registries = registries;
  }

  Image pull(PullRequest request, ProgressListener progress) {
    if (request.policy() != PullPolicy.ALWAYS) {
      Optional<Image> there = here(request);
      if (there.isPresent()) {
        return there.get();
      }
      if (request.policy() == PullPolicy.NEVER) {
        throw new ImageException.NotFound(
            "no image \"" + request.name() + "\" here, and pulling it is not allowed");
      }
    }
    Reference name = Reference.parse(request.name()).tagged();
    if (name.domain().equals(Reference.LOCALHOST)) {
      throw new ImageException.NotFound(
          "no image \""
              + name
              + "\" here; names under localhost/ are of images made on this"
              + " machine and cannot be pulled");
    }
    Registry registry = registries.apply(request.credentials());
    Platform platform = request.platform().map(Platform::normalised).orElse(Platform.host());
    return pull(registry, name, platform, progress);
  }

  /** The image that is here already, for the platform if one is asked for. */
  private Optional<Image> here(PullRequest request) {
    return finder.variants(request.name()).stream()
        .map(parts::image)
        .filter(image ->
            request.platform().flatMap(p -> p.rank(image.platform())).isPresent()
                || request.platform().isEmpty())
        .min(
            Comparator.comparingInt(
                image -> request.platform().flatMap(p -> p.rank(image.platform())).orElse(0)));
  }

  List<Image> pullAllTags(PullRequest request, ProgressListener progress) {
    Reference name = Reference.parse(request.name());
    if (name.tag().isPresent() || name.digest().isPresent()) {
      throw new ImageException.BadRequest(
          "all tags are asked for, so \"" + name + "\" has to be without");
    }
    Registry registry = registries.apply(request.credentials());
    Platform platform = request.platform().map(Platform::normalised).orElse(Platform.host());
    List<Image> images = new ArrayList<>();
    for (String tag : registry.tags(repository(name))) {
      images.add(pull(registry, name.withTag(tag), platform, progress));
    }
    return images;
  }

  static RepositoryName repository(Reference name) {
    return new RepositoryName(name.domain(), name.path());
  }

  private Image pull(
      Registry registry, Reference name, Platform platform, ProgressListener progress) {
    RepositoryName repository = repository(name);
    String which = name.digest().map(Digest::toString).or(name::tag).orElseThrow();
    ResolvedManifest top = registry.resolve(repository, which);
    progress.on(new ProgressListener.Resolved(name.familiar(), top.descriptor().digest()));
    ResolvedManifest chosen = top;
    Document document = document(top);
    for (int depth = 0; document instanceof Index index; depth++) {
      if (depth == 3) {
        throw new ImageException.Refused("image " + name.familiar() + " is an index of indexes");
      }
      Descriptor entry =
          platform.choose(index.manifests()).orElseThrow(() -> noPlatform(name, platform, index));
      chosen = registry.resolve(repository, entry.digest().toString());
      document = document(chosen);
    }
    return install(
        registry, name, top.descriptor().digest(), chosen, (Manifest) document, progress);
  }

  private static Document document(ResolvedManifest resolved) {
    return OciJson.readDocument(resolved.content(), Optional.of(resolved.descriptor().mediaType()));
  }

  private static ImageException noPlatform(Reference name, Platform platform, Index index) {
    List<String> offered =
        index.manifests().stream()
            .flatMap(m -> m.platform().stream())
            .map(Platform::toString)
            .filter(p -> !p.startsWith("unknown"))
            .distinct()
            .limit(20)
            .toList();
    return new ImageException.NotFound(
        "image "
            + name.familiar()
            + " is not there for "
            + platform
            + ", only for "
            + String.join(", ", offered));
  }

  private Image install(
      Registry registry,
      Reference name,
      Digest topDigest,
      ResolvedManifest resolved,
      Manifest manifest,
      ProgressListener progress) {
    RepositoryName repository = repository(name);
    Installer.checkConfig(manifest, name.familiar());
    if (manifest.config().size() > OciJson.MAX_DOCUMENT) {
      throw new ImageException.Refused("the configuration of " + name.familiar() + " is too long");
    }
    try (Lease lease = parts.content().lease()) {
      lease.add(resolved.descriptor().digest());
      lease.add(manifest.config().digest());
      manifest.layers().forEach(layer -> lease.add(layer.digest()));
      if (!parts.content().has(manifest.config().digest())) {
        registry.fetch(repository, manifest.config(), parts.content(), TransferListener.SILENT);
      }
      FaultPoint.reach("pull.configured");
      ImageConfig config = parts.config(manifest.config().digest());
      Installer.check(manifest, config, name.familiar());
      parts.content().put(resolved.descriptor().mediaType(), resolved.content());
      FaultPoint.reach("pull.resolved");
      List<LayerSpec> specs = LayerSpec.of(manifest, config);
      List<Descriptor> missing = missing(manifest, progress);
      Optional<Runnable> download =
          missing.isEmpty()
              ? Optional.empty()
              : Optional.of(() ->
                  registry.fetchAll(
                      repository, missing, parts.content(), blob -> listener(blob, progress)));
      List<LayerMeta> layers = installer.unpack(specs, download, lease, progress);
      FaultPoint.reach("pull.unpacked");
      return installer.register(
          resolved.descriptor(),
          manifest,
          layers,
          name.digest().isPresent() ? List.of() : List.of(name),
          List.of(name.withDigest(topDigest)));
    }
  }

  private List<Descriptor> missing(Manifest manifest, ProgressListener progress) {
    List<Descriptor> missing = new ArrayList<>();
    for (Descriptor layer : manifest.layers()) {
      boolean here = parts.content().has(layer.digest());
      if (!here && missing.stream().noneMatch(m -> m.digest().equals(layer.digest()))) {
        missing.add(layer);
      }
      progress.on(
          new ProgressListener.Layer(
              layer.digest(), here ? State.EXISTS : State.WAITING, 0, layer.size()));
    }
    return missing;
  }

  private static TransferListener listener(Descriptor blob, ProgressListener progress) {
    return new TransferListener() {
      @Override
      public void progress(long done, long total) {
        progress.on(
            new ProgressListener.Layer(
                blob.digest(), done == total ? State.DOWNLOADED : State.DOWNLOADING, done, total));
      }

      @Override
      public void retrying(int attempt, Duration pause, String reason) {
        progress.on(new ProgressListener.Retrying(blob.digest(), attempt, pause, reason));
      }
    };
  }
}
