package dev.kapal.image.local;

import dev.kapal.image.Lease;
import dev.kapal.image.ProgressListener;
import dev.kapal.image.ProgressListener.State;
import dev.kapal.image.PushRequest;
import dev.kapal.image.registry.CredentialSource;
import dev.kapal.image.registry.PushOutcome;
import dev.kapal.image.registry.Registry;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.TransferListener;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.Reference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;

/** Brings images to registries: layers first, the manifest last. */
final class Pusher {
  private final StoreParts parts;
  private final Function<CredentialSource, Registry> registries;

  Pusher(StoreParts parts, Function<CredentialSource, Registry> registries) {
    this.parts = parts;
    this.registries = registries;
  }

  Digest push(CatalogueEntry entry, PushRequest request, ProgressListener progress) {
    Reference target = request.target().tagged();
    Registry registry = registries.apply(request.credentials());
    RepositoryName repository = Puller.repository(target);
    Manifest manifest = parts.manifest(entry);
    List<RepositoryName> siblings =
        Stream.concat(entry.names().stream(), entry.repoDigests().stream())
            .filter(name -> name.domain().equals(target.domain()))
            .map(Puller::repository)
            .filter(name -> !name.equals(repository))
            .distinct()
            .toList();
    try (Lease lease = parts.content().lease()) {
      lease.add(entry.manifest().digest());
      List<Descriptor> blobs = new ArrayList<>();
      for (Descriptor blob :
          Stream.concat(manifest.layers().stream(), Stream.of(manifest.config())).toList()) {
        lease.add(blob.digest());
        boolean elsewhere = MediaTypes.isForeign(blob.mediaType()) && !blob.urls().isEmpty();
        if (!elsewhere && blobs.stream().noneMatch(b -> b.digest().equals(blob.digest()))) {
          blobs.add(blob);
        }
      }
      for (Descriptor blob : blobs) {
        progress.on(new ProgressListener.Layer(blob.digest(), State.WAITING, 0, blob.size()));
      }
      registry.pushAll(
          repository, blobs.stream().map(blob -> upload(blob, progress)).toList(), siblings);
      Descriptor stored =
          registry.pushManifest(
              repository,
              target.digest().map(Digest::toString).or(target::tag).orElseThrow(),
              entry.manifest().mediaType(),
              parts.content().read(entry.manifest().digest()));
      parts
          .catalogue()
          .update(all -> all.stream().map(e -> noted(e, entry.id(), target, stored)).toList());
      return stored.digest();
    }
  }

  private Registry.Upload upload(Descriptor blob, ProgressListener progress) {
    return new Registry.Upload(
        blob,
        offset -> parts.content().open(blob.digest(), offset),
        listener(blob, progress),
        outcome ->
            progress.on(
                new ProgressListener.Layer(
                    blob.digest(), state(outcome), blob.size(), blob.size())));
  }

  private static State state(PushOutcome outcome) {
    return switch (outcome) {
      case EXISTED -> State.EXISTS;
      case MOUNTED -> State.MOUNTED;
      case UPLOADED -> State.DONE;
    };
  }

  private static CatalogueEntry noted(
      CatalogueEntry entry, Digest id, Reference target, Descriptor stored) {
    Reference digest = target.withDigest(stored.digest());
    if (!entry.id().equals(id) || entry.repoDigests().contains(digest)) {
      return entry;
    }
    List<Reference> digests = new ArrayList<>(entry.repoDigests());
    digests.add(digest);
    return entry.withRepoDigests(digests);
  }

  private static TransferListener listener(Descriptor blob, ProgressListener progress) {
    return new TransferListener() {
      @Override
      public void progress(long done, long total) {
        progress.on(new ProgressListener.Layer(blob.digest(), State.UPLOADING, done, total));
      }

      @Override
      public void retrying(int attempt, Duration pause, String reason) {
        progress.on(new ProgressListener.Retrying(blob.digest(), attempt, pause, reason));
      }
    };
  }
}
