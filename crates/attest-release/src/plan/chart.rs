use attest_archive::chart::Stamp;

use super::{Draft, PlannedSbom, Publication};
use crate::config::{Chart, ProjectPath};
use crate::template::Template;
use crate::{Error, FileName};

/// One Helm chart.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedChart {
    /// Its name: that of the chart and its version, as Helm wants it.
    pub file: FileName,
    /// Where its `Chart.yaml` lies.
    pub directory: ProjectPath,
    /// What `Chart.yaml` is to say instead of what it says.
    pub stamp: Stamp,
    /// The list of its contents.
    pub sbom: Option<PlannedSbom>,
    /// A bundle of its own.
    pub bundle: Option<FileName>,
    /// The signature that Helm verifies.
    pub signature: Option<PlannedSignature>,
    /// Where it is published.
    pub publication: Option<Publication>,
}

/// A provenance file of Helm.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedSignature {
    /// Its name.
    pub file: FileName,
    /// The key, as gpg takes it.
    pub key: String,
}

impl Draft<'_> {
    pub(super) fn charts(&self) -> Result<Vec<PlannedChart>, Error> {
        self.config.charts.iter().map(|chart| self.chart(chart)).collect()
    }

    fn chart(&self, chart: &Chart) -> Result<PlannedChart, Error> {
        let Some(found) = self.facts.charts.get(chart.directory.as_str()) else {
            let path = chart.directory.to_string();
            return Err(Error::ChartMissing { path });
        };
        let stamp = self.stamp(chart)?;
        let version = stamp.version.as_ref().map(ToString::to_string);
        let version = version.as_ref().unwrap_or(&found.version);
        let name = format!("{}-{version}.tgz", found.name);
        let file = FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)))?;
        Ok(PlannedChart {
            publication: chart.publish.as_ref().map(|below| {
                let repository = format!("{}/{}", below.render(&self.values(None)), found.name);
                Publication::new(repository, std::iter::once(version.clone()))
            }),
            sbom: self.sbom(&file)?,
            bundle: self.own_bundle(&file)?,
            signature: self.signature(chart, &file)?,
            directory: chart.directory.clone(),
            stamp,
            file,
        })
    }

    /// Where nothing is signed, gpg signs nothing either.
    fn signature(&self, chart: &Chart, package: &FileName) -> Result<Option<PlannedSignature>, Error> {
        let (Some(key), Some(_)) = (&chart.key, &self.config.sign) else {
            return Ok(None);
        };
        let name = format!("{package}.prov");
        let file = FileName::new(name.clone()).map_err(|problem| Error::from((name.as_str(), problem)))?;
        let key = key.clone();
        Ok(Some(PlannedSignature { file, key }))
    }

    fn stamp(&self, chart: &Chart) -> Result<Stamp, Error> {
        let values = self.values(None);
        let said = |template: &Option<Template>| template.as_ref().map(|template| template.render(&values));
        let version = said(&chart.version).map(|text| {
            text.parse().map_err(|_| Error::UnusableChartVersion {
                path: chart.directory.to_string(),
                version: text,
            })
        });
        Ok(Stamp {
            version: version.transpose()?,
            app_version: said(&chart.app_version),
        })
    }
}
