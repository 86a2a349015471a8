//! Licences that name themselves: Apache, Mozilla, GNU, Creative Commons and those of companies; and the notices that name them.
//!
//! Source: the texts of the SPDX licence list, and the notices that they advise.

use super::{Family, is, notice, text, without};

pub(super) static FAMILIES: &[Family] = &[
    // Apache.
    text(
        "apache license version 2 0 january 2004",
        &[
            is(
                "Apache-2.0 WITH LLVM-exception",
                &[
                    "llvm exceptions to the apache 2 0 license",
                    "if as a result of your compiling your source code portions of this software are embedded",
                ],
            ),
            without(
                "Apache-2.0",
                &["terms and conditions for use reproduction and distribution"],
                &["solderpad"],
            ),
        ],
    ),
    // The heading with the address alone.
    notice(
        "apache license version 2 0 january 2004 http www apache org licenses",
        &[without(
            "Apache-2.0",
            &[],
            &["terms and conditions for use reproduction and distribution"],
        )],
    ),
    notice(
        "licensed under the apache license version 2 0",
        &[is("Apache-2.0", &[])],
    ),
    notice("licensed under apache license version 2 0", &[is("Apache-2.0", &[])]),
    notice("licensed under the apache license v 2 0", &[is("Apache-2.0", &[])]),
    notice("licensed under apache license v 2 0", &[is("Apache-2.0", &[])]),
    notice(
        "licenses this file to you under the apache license version 2 0",
        &[is("Apache-2.0", &[])],
    ),
    // Mozilla, Eclipse, Sun.
    text(
        "mozilla public license version 2 0",
        &[is(
            "MPL-2.0",
            &["each individual or legal entity that creates contributes to the creation of or owns covered software"],
        )],
    ),
    notice(
        "subject to the terms of the mozilla public license v 2 0",
        &[is("MPL-2.0", &[])],
    ),
    text(
        "mozilla public license version 1 1",
        &[is("MPL-1.1", &["covered code"])],
    ),
    text(
        "eclipse public license v 2 0",
        &[is(
            "EPL-2.0",
            &["the accompanying program is provided under the terms of this eclipse public license"],
        )],
    ),
    text(
        "eclipse public license v 1 0",
        &[is(
            "EPL-1.0",
            &["the accompanying program is provided under the terms of this eclipse public license"],
        )],
    ),
    notice(
        "under the terms and conditions of the eclipse public license version 2 0",
        &[is("EPL-2.0", &[])],
    ),
    notice(
        "under the terms and conditions of the eclipse public license version 1 0",
        &[is("EPL-1.0", &[])],
    ),
    text(
        "common public license version 1 0",
        &[is(
            "CPL-1.0",
            &["the accompanying program is provided under the terms of this common public license"],
        )],
    ),
    text(
        "common development and distribution license cddl version 1 0",
        &[is("CDDL-1.0", &["covered software"])],
    ),
    text(
        "common development and distribution license version 1 0",
        &[is("CDDL-1.0", &["covered software"])],
    ),
    text(
        "common development and distribution license cddl version 1 1",
        &[is("CDDL-1.1", &["covered software"])],
    ),
    text(
        "common development and distribution license version 1 1",
        &[is("CDDL-1.1", &["covered software"])],
    ),
    // GNU: the texts.
    text(
        "gnu general public license version 1 february 1989",
        &[is("GPL-1.0-only", &[])],
    ),
    text(
        "gnu general public license gpl version 2 june 1991",
        &[
            is(
                "GPL-2.0-only WITH Classpath-exception-2.0",
                &[
                    "classpath exception to the gpl",
                    "linking this library statically or dynamically with other modules is making a combined work",
                ],
            ),
            is(
                "GPL-2.0-only",
                &["terms and conditions for copying distribution and modification"],
            ),
        ],
    ),
    text(
        "gnu general public license version 2 june 1991",
        &[is(
            "GPL-2.0-only",
            &["terms and conditions for copying distribution and modification"],
        )],
    ),
    text(
        "gnu general public license version 3 29 june 2007",
        &[is(
            "GPL-3.0-only",
            &["the gnu general public license is a free copyleft license for software and other kinds of works"],
        )],
    ),
    text(
        "gnu library general public license version 2 june 1991",
        &[is(
            "LGPL-2.0-only",
            &["terms and conditions for copying distribution and modification"],
        )],
    ),
    text(
        "gnu lesser general public license version 2 1 february 1999",
        &[is(
            "LGPL-2.1-only",
            &["terms and conditions for copying distribution and modification"],
        )],
    ),
    text(
        "gnu lesser general public license version 3 29 june 2007",
        &[is(
            "LGPL-3.0-only",
            &[
                "this version of the gnu lesser general public license incorporates the terms and conditions of version 3",
            ],
        )],
    ),
    text(
        "gnu affero general public license version 3 19 november 2007",
        &[is("AGPL-3.0-only", &["remote network interaction"])],
    ),
    text(
        "gnu free documentation license version 1 1 march 2000",
        &[is("GFDL-1.1-only", &[])],
    ),
    text(
        "gnu free documentation license version 1 2 november 2002",
        &[is("GFDL-1.2-only", &[])],
    ),
    text(
        "gnu free documentation license version 1 3 3 november 2008",
        &[is("GFDL-1.3-only", &[])],
    ),
    // GNU: the notices.
    notice(
        "gnu general public license version 2 0 or later",
        &[is("GPL-2.0-or-later", &[])],
    ),
    notice(
        "gnu general public license version 3 0 or later",
        &[is("GPL-3.0-or-later", &[])],
    ),
    notice(
        "the terms of the gnu general public license",
        &[
            is(
                "GPL-3.0-or-later",
                &["version 3 of the license or at your option any later"],
            ),
            is("GPL-3.0-or-later", &["version 3 or at your option any later"]),
            is(
                "GPL-2.0-or-later",
                &["version 2 of the license or at your option any later"],
            ),
            is("GPL-2.0-or-later", &["version 2 or at your option any later"]),
            is("GPL-2.0-or-later", &["version 2 or later"]),
            is("GPL-3.0-or-later", &["version 3 or later"]),
            is("GPL-1.0-or-later", &["version 1 or at your option any later"]),
            is("GPL-3.0-only", &["version 3"]),
            is("GPL-2.0-only", &["version 2"]),
        ],
    ),
    notice(
        "the terms of the gnu lesser general public license",
        &[
            is(
                "LGPL-3.0-or-later",
                &["version 3 of the license or at your option any later"],
            ),
            is("LGPL-3.0-or-later", &["version 3 or at your option any later"]),
            is(
                "LGPL-2.1-or-later",
                &["version 2 1 of the license or at your option any later"],
            ),
            is("LGPL-2.1-or-later", &["version 2 1 or at your option any later"]),
            is(
                "LGPL-2.0-or-later",
                &["version 2 of the license or at your option any later"],
            ),
            is("LGPL-2.0-or-later", &["version 2 or at your option any later"]),
            is("LGPL-3.0-only", &["version 3"]),
            is("LGPL-2.1-only", &["version 2 1"]),
            is("LGPL-2.0-only", &["version 2"]),
        ],
    ),
    notice(
        "the terms of the gnu library general public license",
        &[
            is(
                "LGPL-2.0-or-later",
                &["version 2 of the license or at your option any later"],
            ),
            is("LGPL-2.0-only", &["version 2"]),
        ],
    ),
    notice(
        "the terms of the gnu affero general public license",
        &[
            is(
                "AGPL-3.0-or-later",
                &["version 3 of the license or at your option any later"],
            ),
            is("AGPL-3.0-only", &["version 3"]),
        ],
    ),
    // Creative Commons.
    text("creative commons legal code cc0 1 0 universal", &[is("CC0-1.0", &[])]),
    text("cc0 1 0 universal", &[is("CC0-1.0", &["statement of purpose"])]),
    text(
        "creative commons attribution 4 0 international public license",
        &[is("CC-BY-4.0", &[])],
    ),
    text(
        "creative commons attribution sharealike 4 0 international public license",
        &[is("CC-BY-SA-4.0", &[])],
    ),
    text(
        "attribution 3 0 unported",
        &[is(
            "CC-BY-3.0",
            &["the work as defined below is provided under the terms of this creative commons public license"],
        )],
    ),
    text(
        "attribution sharealike 3 0 unported",
        &[is(
            "CC-BY-SA-3.0",
            &["the work as defined below is provided under the terms of this creative commons public license"],
        )],
    ),
    text(
        "community data license agreement permissive version 2 0",
        &[is("CDLA-Permissive-2.0", &[])],
    ),
    // Languages and companies.
    text(
        "python software foundation license version 2",
        &[
            is("Python-2.0", &["beopen python open source license agreement version 1"]),
            is("PSF-2.0", &[]),
        ],
    ),
    text("the artistic license 2 0", &[is("Artistic-2.0", &[])]),
    text(
        "artistic license 2 0",
        &[is(
            "Artistic-2.0",
            &["everyone is permitted to copy and distribute verbatim copies of this license document"],
        )],
    ),
    text(
        "the intent of this document is to state the conditions under which a package may be copied",
        &[is(
            "Artistic-1.0-Perl",
            &[
                "aggregation of this package with a commercial distribution is always permitted",
                "you may not charge a fee for this package itself",
            ],
        )],
    ),
    text("microsoft public license ms pl", &[is("MS-PL", &[])]),
    text("academic free license version 2 1", &[is("AFL-2.1", &[])]),
    text("academic free license afl v 3 0", &[is("AFL-3.0", &[])]),
    text("academic free license version 3 0", &[is("AFL-3.0", &[])]),
    text("european union public license v 1 2", &[is("EUPL-1.2", &[])]),
    text("european union public license v 1 1", &[is("EUPL-1.1", &[])]),
    text("business source license 1 1", &[is("BUSL-1.1", &["change date"])]),
    text(
        "elastic license 2 0",
        &[is(
            "Elastic-2.0",
            &["the licensor grants you a non exclusive royalty free worldwide"],
        )],
    ),
    text(
        "server side public license version 1 october 16 2018",
        &[is("SSPL-1.0", &[])],
    ),
    text("the php license version 3 01", &[is("PHP-3.01", &[])]),
];
