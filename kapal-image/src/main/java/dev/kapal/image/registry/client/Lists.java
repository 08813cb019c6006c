package dev.kapal.image.registry.client;

import dev.kapal.image.registry.RegistryException.Attempt;
import dev.kapal.image.registry.RegistryException.ProtocolProblem;
import dev.kapal.image.registry.http.Answer;
import dev.kapal.image.registry.http.HttpCall;
import dev.kapal.image.registry.http.LinkHeader;
import dev.kapal.image.registry.http.TransportFailure;
import dev.kapal.image.registry.http.Urls;
import dev.kapal.oci.InvalidDocumentException;
import dev.kapal.oci.OciJson;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads lists that come in pages (distribution-spec, "Listing tags"; Link headers). */
final class Lists {
  private static final int MOST_ENTRIES = 1_000_000;

  private Lists() {}

  /** The list of a repository's tags. */
  record TagPage(@Nullable List<@Nullable String> tags) {
    List<String> present() {
      List<String> all = new ArrayList<>();
      if (tags != null) {
        for (String tag : tags) {
          if (tag != null) {
            all.add(tag);
          }
        }
      }
      return all;
    }
  }

  /**
   * Reads all pages.
   *
   * @param entries takes the entries out of one page
   * @return empty if the first page is not there (404)
   */
  static <P, E> Optional<List<E>> read(
      Session session, URI first, Class<P> page, Function<P, List<E>> entries, String doing)
      throws TransportFailure, InterruptedException {
    List<E> all = new ArrayList<>();
    int pages = 0;
    for (Optional<URI> next = Optional.of(first); next.isPresent(); pages++) {
      URI url = next.get();
      if (pages >= session.context().config.limits().pages() || all.size() > MOST_ENTRIES) {
        throw broken(doing, url, "has more pages than are reasonable");
      }
      try (Answer answer = session.send(HttpCall.of("GET", url).with("Accept", "*/*"))) {
        if (answer.status() == 404 && pages == 0) {
          return Optional.empty();
        }
        if (answer.status() != 200) {
          throw session.problem(doing, answer);
        }
        int most = session.context().config.limits().manifestBytes();
        byte[] body =
            answer
                .read(most)
                .orElseThrow(() -> broken(doing, url, "sent a page of more than " + most));
        all.addAll(entries.apply(OciJson.read(body, page)));
        next = next(session, answer, doing);
      } catch (InvalidDocumentException e) {
        throw broken(doing, url, "sent a list that cannot be read: " + e.getMessage());
      }
    }
    return Optional.of(all);
  }

  private static Optional<URI> next(Session session, Answer answer, String doing) {
    Optional<URI> next =
        LinkHeader.next(answer.all("Link")).map(text -> session.follow(answer.uri(), text));
    if (next.isPresent() && !Urls.sameOrigin(next.get(), answer.uri())) {
      throw broken(doing, answer.uri(), "continues its list at another host");
    }
    return next.filter(url -> !url.equals(answer.uri()));
  }

  private static ProtocolProblem broken(String doing, URI url, String what) {
    String shown = Urls.display(url);
    return new ProtocolProblem(
        doing + " failed: " + shown + " " + what,
        List.of(new Attempt(shown, what)),
        Optional.empty());
  }
}
