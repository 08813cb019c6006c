package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.DigestMismatch;
import dev.kapal.image.registry.RepositoryName;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.UploadBody;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.Descriptor;
import dev.kapal.oci.Digest;
import dev.kapal.oci.Document;
import dev.kapal.oci.MediaTypes;
import dev.kapal.oci.OciJson;
import java.util.List;
import java.util.Optional;

/**
 * Stores manifests (distribution-spec, "Pushing Manifests" and "Pushing Manifests with Subject").
 */
final class ManifestPush {
  private final Across across;
  private final Referrers referrers;

  ManifestPush(Across across, Referrers referrers) {
    this.across = across;
    this.referrers = referrers;
  }

  Descriptor push(RepositoryName repository, String tagOrDigest, String mediaType, byte[] content) {
    Manifests.Name name = Manifests.Name.parse(tagOrDigest);
    String doing = "pushing " + repository + name.suffix();
    name.digest()
        .ifPresent(wanted -> {
          Digest ours = Digest.of(wanted.newDigest().digest(content), wanted.algorithm());
          if (!ours.equals(wanted)) {
            throw new DigestMismatch(
                doing + " failed: the document's digest is " + ours, List.of());
          }
        });
    return across.push(
        repository,
        doing,
        (session, last) -> {
          boolean listed = put(session, name.text(), mediaType, content, doing);
          boolean document = MediaTypes.isManifest(mediaType) || MediaTypes.isIndex(mediaType);
          if (document && !listed) {
            Document parsed = OciJson.readDocument(content, Optional.of(mediaType));
            Optional<Descriptor> subject = Referrers.subject(parsed);
            if (subject.isPresent()) {
              Descriptor entry = Referrers.entry(mediaType, content, parsed);
              referrers.add(session, repository, subject.get().digest(), entry, doing);
            }
          }
          return Descriptor.of(mediaType, content);
        });
  }

  /**
   * Puts a document under a tag or digest.
   *
   * @return whether the registry lists it with its subject (OCI-Subject)
   */
  static boolean put(
      Session session, String tagOrDigest, String mediaType, byte[] content, String doing)
      throws TransportFailure, InterruptedException {
    return session
        .context()
        .retry
        .run(
            true,
            () -> {
              HttpCall call =
                  HttpCall.of("PUT", session.url("manifests/" + tagOrDigest))
                      .with("Content-Type", mediaType)
                      .withBody(UploadBody.of(content));
              try (Answer answer = session.send(call)) {
                if (answer.status() != 201 && answer.status() != 200 && answer.status() != 202) {
                  throw session.problem(doing, answer);
                }
                check(answer, content, doing);
                return answer.header("OCI-Subject").isPresent();
              }
            });
  }

  private static void check(Answer answer, byte[] content, String doing) {
    Optional<String> told = answer.header("Docker-Content-Digest").map(String::strip);
    String ours = Digest.sha256(content).toString();
    if (told.filter(t -> t.startsWith("sha256:") && !t.equals(ours)).isPresent()) {
      String url = Urls.display(answer.uri());
      throw new DigestMismatch(
          doing + " failed: " + url + " stored other bytes than were sent (" + ours + ")",
          List.of(new Attempt(url, "stored another digest")));
    }
  }
}
