package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.DigestMismatch;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.ResolvedManifest;
import dev.kapal.image.registry.hosts.Capability;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Document;
import dev.kapal.oci.Index;
import dev.kapal.oci.InvalidDigestException;
import dev.kapal.oci.InvalidDocumentException;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** Gets manifests and indexes (distribution-spec, "Pulling manifests"). */
final class Manifests {
  private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
  private static final String ACCEPT =
      String.join(
          ", ",
          MediaTypes.INDEX,
          MediaTypes.MANIFEST,
          MediaTypes.DOCKER_INDEX,
          MediaTypes.DOCKER_MANIFEST);

  private final Across across;

  Manifests(Across across) {
    this.across = across;
  }

  /** A tag, or a digest. */
  sealed interface Name {
    record Tag(String text) implements Name {}

    record ByDigest(Digest value) implements Name {}

    /**
     * @throws IllegalArgumentException if it is neither
     */
    static Name parse(String text) {
      if (text.indexOf(':') >= 0) {
        return new ByDigest(Digest.parse(text));
      }
      if (!TAG.matcher(text).matches()) {
        throw new IllegalArgumentException("\"" + text + "\" is neither a tag nor a digest");
      }
      return new Tag(text);
    }

    default String text() {
      return switch (this) {
        case Tag(String tag) -> tag;
        case ByDigest(Digest value) -> value.toString();
      };
    }

    /** Content by digest may come from anybody, a tag's meaning only from who is trusted. */
    default Capability needed() {
      return switch (this) {
        case Tag _ -> Capability.RESOLVE;
        case ByDigest _ -> Capability.PULL;
      };
    }

    default Optional<Digest> digest() {
      return switch (this) {
        case Tag _ -> Optional.empty();
        case ByDigest(Digest value) -> Optional.of(value);
      };
    }

    /** As people write it behind a repository. */
    default String suffix() {
      return switch (this) {
        case Tag(String tag) -> ":" + tag;
        case ByDigest(Digest value) -> "@" + value;
      };
    }
  }

  ResolvedManifest get(RepositoryName repository, String tagOrDigest) {
    Name name = Name.parse(tagOrDigest);
    String doing = "resolving " + repository + name.suffix();
    return across.pull(
        repository,
        name.needed(),
        doing,
        (session, last) ->
            session.context().retry.run(last, () -> get(session, repository, name, doing)));
  }

  ResolvedManifest get(Session session, RepositoryName repository, Name name, String doing)
      throws TransportFailure, InterruptedException {
    try (Answer answer = session.send(call(session, "GET", name))) {
      if (answer.status() != 200) {
        throw session.problem(doing, answer);
      }
      String from = Urls.display(answer.uri());
      int most = session.context().config.limits().manifestBytes();
      byte[] content =
          answer
              .read(most)
              .orElseThrow(() -> broken(doing, from, "sent more than " + most + " bytes"));
      Digest digest = digest(name, answer, content, doing, from);
      String type = mediaType(answer, content, doing, from);
      return new ResolvedManifest(
          repository, new Descriptor(type, digest, content.length), content, from);
    }
  }

  /** Says what a name means now without getting it; gets it where a registry will not tell. */
  Optional<Descriptor> head(RepositoryName repository, String tagOrDigest) {
    Name name = Name.parse(tagOrDigest);
    String doing = "looking for " + repository + name.suffix();
    return across.pull(
        repository,
        name.needed(),
        doing,
        (session, last) ->
            session.context().retry.run(last, () -> head(session, repository, name, doing)));
  }

  private Optional<Descriptor> head(
      Session session, RepositoryName repository, Name name, String doing)
      throws TransportFailure, InterruptedException {
    try (Answer answer = session.send(call(session, "HEAD", name))) {
      if (answer.status() == 404) {
        return Optional.empty();
      }
      if (answer.status() != 200) {
        throw session.problem(doing, answer);
      }
      Optional<Digest> told = told(answer, doing, Urls.display(answer.uri())).or(name::digest);
      String type = contentType(answer);
      if (told.isPresent() && answer.length().isPresent() && isKnown(type)) {
        return Optional.of(new Descriptor(type, told.get(), answer.length().getAsLong()));
      }
    }
    return Optional.of(get(session, repository, name, doing).descriptor());
  }

  private static HttpCall call(Session session, String method, Name name) {
    return HttpCall.of(method, session.url("manifests/" + name.text())).with("Accept", ACCEPT);
  }

  /** The digest of the bytes by our own hash, which must be what was asked for and what is told. */
  private static Digest digest(
      Name name, Answer answer, byte[] content, String doing, String from) {
    Optional<Digest> told = told(answer, doing, from);
    Digest wanted = name.digest().or(() -> told).orElseGet(() -> Digest.sha256(content));
    Digest ours = Digest.of(wanted.newDigest().digest(content), wanted.algorithm());
    if (!ours.equals(wanted)) {
      throw new DigestMismatch(
          doing
              + " failed: "
              + from
              + " sent "
              + content.length
              + " bytes with the digest "
              + ours
              + " instead of "
              + wanted
              + "; something on the way, or the registry, changed them",
          List.of(new Attempt(from, "wrong digest " + ours)));
    }
    return ours;
  }

  private static Optional<Digest> told(Answer answer, String doing, String from) {
    try {
      return answer.header("Docker-Content-Digest").map(String::strip).map(Digest::parse);
    } catch (InvalidDigestException e) {
      throw broken(doing, from, "sent a Docker-Content-Digest that is no digest");
    }
  }

  private static String contentType(Answer answer) {
    String text = answer.header("Content-Type").orElse("");
    int end = text.indexOf(';');
    return (end < 0 ? text : text.substring(0, end)).strip().toLowerCase(Locale.ROOT);
  }

  private static boolean isKnown(String type) {
    return MediaTypes.isIndex(type) || MediaTypes.isManifest(type);
  }

  /** The document's own word first; then Content-Type; then what it looks like. */
  private static String mediaType(Answer answer, byte[] content, String doing, String from) {
    String served = contentType(answer);
    if (served.equals(MediaTypes.DOCKER_MANIFEST_V1)
        || served.equals(MediaTypes.DOCKER_MANIFEST_V1_SIGNED)) {
      throw broken(
          doing,
          from,
          "has it only as a Docker schema 1 manifest, a format that is no longer supported;"
              + " push the image again with a current client");
    }
    if (served.equals("text/html")) {
      throw broken(doing, from, "answers with a web page; is it a registry, or a log-in page?");
    }
    Document document;
    try {
      document =
          OciJson.readDocument(content, isKnown(served) ? Optional.of(served) : Optional.empty());
    } catch (InvalidDocumentException e) {
      throw broken(doing, from, "sent a manifest that cannot be used: " + e.getMessage());
    }
    return document
        .mediaType()
        .filter(Manifests::isKnown)
        .orElseGet(() ->
            isKnown(served)
                ? served
                : document instanceof Index ? MediaTypes.INDEX : MediaTypes.MANIFEST);
  }

  private static ProtocolProblem broken(String doing, String from, String what) {
    return new ProtocolProblem(
        doing + " failed: " + from + " " + what,
        List.of(new Attempt(from, what)),
        Optional.empty());
  }
}
