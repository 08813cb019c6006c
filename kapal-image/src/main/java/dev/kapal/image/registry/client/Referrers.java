package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryException.NotFound;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Document;
import dev.kapal.oci.Index;
import dev.kapal.oci.Manifest;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What refers to a manifest (distribution-spec, "Listing Referrers"), by the API or, where a
 * registry does not have it, by the list under the fallback tag.
 */
final class Referrers {
  private static final int PUT_TRIES = 5;

  private final Across across;
  private final Manifests manifests;

  Referrers(Across across, Manifests manifests) {
    this.across = across;
    this.manifests = manifests;
  }

  List<Descriptor> list(RepositoryName repository, Digest subject, Optional<String> type) {
    String doing = "listing what refers to " + repository + "@" + subject;
    return across.pull(
        repository,
        Capability.RESOLVE,
        doing,
        (session, last) ->
            session
                .context()
                .retry
                .run(last, () -> list(session, repository, subject, type, doing)));
  }

  private List<Descriptor> list(
      Session session,
      RepositoryName repository,
      Digest subject,
      Optional<String> type,
      String doing)
      throws TransportFailure, InterruptedException {
    URI plain = session.url("referrers/" + subject);
    URI url = type.map(t -> Urls.with(plain, "artifactType", t)).orElse(plain);
    Optional<List<Descriptor>> answered =
        Lists.read(session, url, Index.class, Index::manifests, doing);
    List<Descriptor> all =
        answered.isPresent()
            ? answered.get()
            : underTag(session, repository, subject, doing).map(Index::manifests).orElse(List.of());
    // A registry may ignore the filter, so it is applied here in any case.
    return all.stream().filter(d -> type.isEmpty() || d.artifactType().equals(type)).toList();
  }

  /** The tag under which a list is kept for registries without the API. */
  static String fallbackTag(Digest subject) {
    String hex = subject.hex();
    return subject.algorithm() + "-" + hex.substring(0, Math.min(64, hex.length()));
  }

  private Optional<Index> underTag(
      Session session, RepositoryName repository, Digest subject, String doing)
      throws TransportFailure, InterruptedException {
    try {
      byte[] content =
          manifests
              .get(session, repository, new Manifests.Name.Tag(fallbackTag(subject)), doing)
              .content();
      return Optional.of(OciJson.read(content, Index.class));
    } catch (NotFound e) {
      return Optional.empty();
    }
  }

  /** The subject of a document, if it has one. */
  static Optional<Descriptor> subject(Document document) {
    return switch (document) {
      case Manifest manifest -> manifest.subject();
      case Index index -> index.subject();
    };
  }

  /**
   * Adds a manifest to the list under the fallback tag. Two writers may overwrite each other, as
   * the specification says; so the list is read again and the addition repeated.
   */
  void add(
      Session session, RepositoryName repository, Digest subject, Descriptor referrer, String doing)
      throws TransportFailure, InterruptedException {
    for (int tries = 0; tries < PUT_TRIES; tries++) {
      Optional<Index> before = underTag(session, repository, subject, doing);
      List<Descriptor> entries = new ArrayList<>(before.map(Index::manifests).orElse(List.of()));
      if (entries.stream().anyMatch(d -> d.digest().equals(referrer.digest()))) {
        return;
      }
      entries.add(referrer);
      Index after =
          new Index(
              2,
              Optional.of(MediaTypes.INDEX),
              before.flatMap(Index::artifactType),
              entries,
              before.flatMap(Index::subject),
              before.map(Index::annotations).orElse(java.util.Map.of()));
      ManifestPush.put(
          session, fallbackTag(subject), MediaTypes.INDEX, OciJson.write(after), doing);
    }
    Optional<Index> end = underTag(session, repository, subject, doing);
    boolean there =
        end.stream()
            .flatMap(i -> i.manifests().stream())
            .anyMatch(d -> d.digest().equals(referrer.digest()));
    if (!there) {
      throw new ProtocolProblem(
          doing
              + " failed: the list of referrers under the tag "
              + fallbackTag(subject)
              + " keeps losing the new entry; another client writes it too, try again",
          List.of(),
          Optional.empty());
    }
  }

  /** How a manifest appears in a list of referrers. */
  static Descriptor entry(String mediaType, byte[] content, Document document) {
    Optional<String> type =
        switch (document) {
          case Manifest manifest ->
              manifest.artifactType().or(() -> Optional.of(manifest.config().mediaType()));
          case Index index -> index.artifactType();
        };
    return new Descriptor(
        mediaType,
        Digest.sha256(content),
        content.length,
        List.of(),
        document.annotations(),
        Optional.empty(),
        type,
        Optional.empty());
  }
}
