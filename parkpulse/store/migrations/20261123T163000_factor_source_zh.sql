-- Where emission factors come from, in Chinese too.

alter table emission_factor add column source_zh text not null default '';
comment on column emission_factor.source_zh is 'source in Chinese; empty: as source';
update emission_factor f set source_zh = known.zh
from (values
    ('Ministry of Ecology and Environment: national average of 2021',
        '生态环境部：2021年全国平均'),
    ('Ministry of Ecology and Environment, 2024-12: national average of 2022',
        '生态环境部（2024年12月）：2022年全国平均'),
    ('Ministry of Ecology and Environment, 2026-01: national average of 2023',
        '生态环境部（2026年1月）：2023年全国平均'),
    ('Ministry of Ecology and Environment, 2024-12: national average of 2022 without market-traded non-fossil electricity',
        '生态环境部（2024年12月）：2022年全国平均（不包括市场化交易的非化石能源电量）'),
    ('Ministry of Ecology and Environment, 2024-12: North China region, 2022',
        '生态环境部（2024年12月）：2022年华北区域'),
    ('Ministry of Ecology and Environment, 2026-01: North China region, 2023',
        '生态环境部（2026年1月）：2023年华北区域'),
    ('Ministry of Ecology and Environment, 2024-12: East China region, 2022',
        '生态环境部（2024年12月）：2022年华东区域'),
    ('Ministry of Ecology and Environment, 2026-01: East China region, 2023',
        '生态环境部（2026年1月）：2023年华东区域'),
    ('Ministry of Ecology and Environment, 2024-12: Northeast China region, 2022',
        '生态环境部（2024年12月）：2022年东北区域'),
    ('Ministry of Ecology and Environment, 2026-01: Northeast China region, 2023',
        '生态环境部（2026年1月）：2023年东北区域'),
    ('Ministry of Ecology and Environment, 2024-12: Central China region, 2022',
        '生态环境部（2024年12月）：2022年华中区域'),
    ('Ministry of Ecology and Environment, 2026-01: Central China region, 2023',
        '生态环境部（2026年1月）：2023年华中区域'),
    ('Ministry of Ecology and Environment, 2024-12: Northwest China region, 2022',
        '生态环境部（2024年12月）：2022年西北区域'),
    ('Ministry of Ecology and Environment, 2026-01: Northwest China region, 2023',
        '生态环境部（2026年1月）：2023年西北区域'),
    ('Ministry of Ecology and Environment, 2024-12: South China region, 2022',
        '生态环境部（2024年12月）：2022年南方区域'),
    ('Ministry of Ecology and Environment, 2024-12: Southwest China region, 2022',
        '生态环境部（2024年12月）：2022年西南区域'),
    ('Ministry of Ecology and Environment: fossil power of 2021, taken for generators measured at their output',
        '生态环境部：2021年全国化石能源电力，用于在出线侧计量的发电机'),
    ('Ministry of Ecology and Environment, 2024-12: fossil power of 2022, taken for generators measured at their output',
        '生态环境部（2024年12月）：2022年全国化石能源电力，用于在出线侧计量的发电机'),
    ('IPCC 2006, volume 2, table 2.2: diesel oil 74.1 kgCO2/GJ of its heat value',
        '《2006年IPCC国家温室气体清单指南》第2卷表2.2：柴油，按热值 74.1 kgCO2/GJ')
) as known(source, zh)
where f.source = known.source;
