/** Carries requests and answers: TLS, proxies, redirects, time limits, header parsing. */
@NullMarked
package dev.kapal.image.registry.http;

import org.jspecify.annotations.NullMarked;
