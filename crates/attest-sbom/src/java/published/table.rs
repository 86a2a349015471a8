//! Names of Maven, and what is published below them. A name is a group, with all groups below it, or `GROUP:ARTIFACT`; of names
//! in each other the longer one counts. Some are those of classes alone, of jars that nothing else describes.
//!
//! Source: `licenses` of the published manifests that the packages of the group continue, or of each of them.

/// What Sun and Oracle offered the libraries of Java EE under.
const DUAL: &str = "CDDL-1.1 OR GPL-2.0-only WITH Classpath-exception-2.0";

/// What the Eclipse Foundation offers them under.
const JAKARTA: &str = "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0";

const MAIL: &str = "BSD-3-Clause OR EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0";

/// An expression, and the names below which it holds for all versions.
#[rustfmt::skip]
pub(super) const UNIFORM: &[(&str, &[&str])] = &[
    ("Apache-2.0", &[
        "ai.djl", "androidx", "biz.paluch.logging", "cglib", "com.alibaba", "com.amazonaws", "com.android", "com.baomidou",
        "com.beust", "com.carrotsearch", "com.clearspring.analytics", "com.codahale.metrics", "com.datastax.cassandra",
        "com.datastax.oss", "com.facebook.fb303", "com.facebook.presto", "com.fasterxml", "com.github.ben-manes",
        "com.google.api-client", "com.google.api.grpc", "com.google.apis", "com.google.auto", "com.google.cloud",
        "com.google.code.gson", "com.google.common", "com.google.crypto.tink", "com.google.dagger", "com.google.errorprone",
        "com.google.flogger", "com.google.gson", "com.google.guava", "com.google.gwt", "com.google.http-client",
        "com.google.inject", "com.google.javascript", "com.google.oauth-client", "com.google.testing", "com.google.truth",
        "com.jayway", "com.lmax", "com.netflix", "com.nimbusds", "com.ning", "com.squareup", "com.tdunning",
        "com.thesamet.scalapb", "com.thoughtworks.qdox", "com.twitter", "com.typesafe:config", "com.univocity",
        "com.yammer.metrics", "com.zaxxer", "dev.failsafe", "info.picocli", "io.airlift", "io.delta", "io.dropwizard",
        "io.fabric8", "io.get-coursier", "io.grpc", "io.jsonwebtoken", "io.ktor", "io.kubernetes", "io.micrometer",
        "io.micronaut", "io.netty", "io.opencensus", "io.opentelemetry", "io.opentracing", "io.perfmark", "io.projectreactor",
        "io.prometheus", "io.qameta", "io.quarkus", "io.reactivex", "io.rest-assured", "io.smallrye", "io.swagger", "io.trino",
        "io.undertow", "io.zipkin", "it.unimi.dsi.fastutil", "it.unimi.dsi:fastutil", "it.unimi.dsi:fastutil-core",
        "jakarta.enterprise:jakarta.enterprise.cdi-api", "jakarta.inject", "jakarta.validation", "joda-time", "kotlin",
        "kotlinx", "ml.dmlc", "net.bytebuddy", "net.jodah", "net.minidev", "net.openhft", "okhttp3", "okio", "org.agrona",
        "org.apache", "org.assertj", "org.attoparser", "org.awaitility", "org.codehaus.groovy", "org.codehaus.jettison",
        "org.codehaus.plexus", "org.conscrypt", "org.datavec", "org.deeplearning4j", "org.easymock", "org.eclipse.microprofile",
        "org.ehcache", "org.fusesource.hawtjni", "org.fusesource.jansi", "org.gradle", "org.hibernate.validator",
        "org.hibernate:hibernate-validator", "org.hibernate:hibernate-validator-parent", "org.jboss.logging", "org.jboss.xnio",
        "org.jctools", "org.jetbrains.kotlin", "org.jetbrains.kotlinx", "org.jetbrains:annotations", "org.joda", "org.json4s",
        "org.lz4", "org.mapstruct", "org.mongodb", "org.mybatis", "org.nd4j", "org.objenesis", "org.openapitools",
        "org.opensearch", "org.osgi", "org.powermock", "org.quartz-scheduler", "org.redisson", "org.roaringbitmap",
        "org.scalanlp", "org.scalatest", "org.seleniumhq.selenium", "org.skyscreamer", "org.slf4j:jcl-over-slf4j",
        "org.slf4j:log4j-over-slf4j", "org.snakeyaml", "org.sonatype.plexus", "org.springdoc", "org.springframework",
        "org.tensorflow", "org.testng", "org.thymeleaf", "org.unbescape", "org.wildfly.common", "org.wildfly.openssl",
        "org.wildfly.security", "org.xerial", "org.xmlunit", "org.yaml", "retrofit2", "software.amazon", "tools.jackson",
    ]),
    ("Apache-2.0 OR GPL-2.0-only", &[
        "org.rocksdb",
    ]),
    ("BSD-2-Clause", &[
        "com.atlassian.commonmark", "com.github.luben", "com.vladsch.flexmark", "org.commonmark", "org.postgresql",
    ]),
    ("BSD-3-Clause", &[
        "asm", "com.esotericsoftware.kryo", "com.esotericsoftware.minlog", "com.esotericsoftware.reflectasm",
        "com.esotericsoftware:kryo", "com.esotericsoftware:kryo-shaded", "com.esotericsoftware:minlog",
        "com.esotericsoftware:reflectasm", "com.google.api:api-common", "com.google.api:gax", "com.google.api:gax-grpc",
        "com.google.api:gax-httpjson", "com.google.api:gax-parent", "com.google.auth", "com.google.protobuf", "com.google.re2j",
        "com.jcraft:jsch", "com.jcraft:jzlib", "com.thoughtworks.paranamer", "com.thoughtworks.xstream", "jakarta.activation",
        "jakarta.jws", "jakarta.xml.bind", "jakarta.xml.soap", "jakarta.xml.ws", "org.abego.treelayout", "org.antlr",
        "org.codehaus.janino", "org.eclipse.jgit", "org.fusesource.leveldbjni", "org.hamcrest", "org.jline", "org.lwjgl",
        "org.objectweb.asm", "org.ow2.asm", "org.scalameta", "org.threeten",
    ]),
    ("BSD-3-Clause OR EPL-1.0", &[
        "org.eclipse.collections",
    ]),
    ("EPL-1.0", &[
        "org.eclipse.aether",
    ]),
    ("EPL-2.0", &[
        "org.junit.jupiter", "org.junit.platform", "org.junit.vintage",
    ]),
    (JAKARTA, &[
        "jakarta.annotation", "jakarta.ejb", "jakarta.el", "jakarta.interceptor", "jakarta.jms", "jakarta.json",
        "jakarta.resource", "jakarta.servlet", "jakarta.transaction", "jakarta.websocket", "jakarta.ws.rs", "org.eclipse.ee4j",
    ]),
    ("LGPL-2.1-or-later", &[
        "org.jfree",
    ]),
    ("MIT", &[
        "args4j", "cats.kernel", "com.auth0", "com.azure", "com.github.scopt", "com.lihaoyi", "com.microsoft.onnxruntime",
        "io.cucumber", "io.github.classgraph", "net.sf.jopt-simple", "org.bouncycastle", "org.brotli",
        "org.checkerframework:checker-qual", "org.codehaus.mojo:animal-sniffer-annotations",
        "org.codehaus.mojo:animal-sniffer-parent", "org.jsoup", "org.mockito", "org.projectlombok", "org.slf4j",
        "redis.clients", "spire",
    ]),
    (DUAL, &[
        "org.glassfish.web:el",
    ]),
];

/// A name, and each version from which another expression holds: none where it is not known.
#[rustfmt::skip]
pub(super) const CHANGED: &[(&str, &[(&str, &str)])] = &[
    ("ch.qos.logback", &[("1.0", "EPL-1.0 OR LGPL-2.1-only"), ("1.5.20", "")]),
    ("com.github.oshi", &[("4.0", "MIT")]),
    ("com.ibm.icu", &[("74", "Unicode-3.0")]),
    ("com.sun.activation", &[("1.2.0", DUAL), ("1.2.1", "BSD-3-Clause")]),
    ("com.sun.istack", &[("3.0", DUAL), ("3.0.8", "BSD-3-Clause")]),
    ("com.sun.mail", &[("1.4.5", DUAL), ("1.6.3", MAIL)]),
    ("com.sun.xml.bind", &[("2.2.5", DUAL), ("2.3.2", "BSD-3-Clause")]),
    ("io.vertx", &[("4.0", "Apache-2.0 OR EPL-2.0")]),
    ("javax.mail", &[("1.4.5", DUAL)]),
    ("javax.xml.bind", &[("2.2.5", DUAL)]),
    ("org.aspectj", &[("1.6", "EPL-1.0"), ("1.9.7", ""), ("1.9.8", "EPL-2.0")]),
    ("org.eclipse.jetty", &[("7.0", "Apache-2.0 OR EPL-1.0"), ("10.0", "Apache-2.0 OR EPL-2.0")]),
    ("org.eclipse.jetty.toolchain", &[]),
    ("org.eclipse.jetty.orbit", &[]),
    ("org.eclipse.sisu", &[("0.0", "EPL-1.0"), ("0.9", "EPL-2.0")]),
    ("org.glassfish.hk2", &[("2.0", DUAL), ("2.5", ""), ("2.6", JAKARTA)]),
    ("org.glassfish.jaxb", &[("2.2.5", DUAL), ("2.3.2", "BSD-3-Clause")]),
    ("org.glassfish:jakarta.json", &[("1.1.5", JAKARTA)]),
    ("org.glassfish:javax.json", &[("1.0", DUAL), ("1.1.5", "")]),
    ("org.glassfish:json", &[("1.0", DUAL), ("1.1.5", JAKARTA)]),
    // What programs of others continue, whoever wrote them.
    ("io.micronaut.platform:micronaut-parent", &[]),
    ("io.micronaut:micronaut-parent", &[]),
    ("org.springframework.boot:spring-boot-dependencies", &[]),
    ("org.springframework.boot:spring-boot-parent", &[]),
    ("org.springframework.boot:spring-boot-starter-parent", &[]),
    ("org.springframework.cloud:spring-cloud-starter-parent", &[]),
    ("org.jvnet.staxex", &[("1.7", DUAL), ("1.8.1", "BSD-3-Clause")]),
    ("org.locationtech.jts", &[("1.17", "BSD-3-Clause OR EPL-2.0")]),
    ("org.reactivestreams", &[("1.0", "CC0-1.0"), ("1.0.4", "MIT-0")]),
    ("org.scala-lang", &[("2.8", "BSD-3-Clause"), ("2.12.7", ""), ("2.12.8", "Apache-2.0")]),
];
